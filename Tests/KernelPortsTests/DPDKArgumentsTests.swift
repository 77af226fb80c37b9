// The EAL's command line from `other_config`, and the layout that C and Swift share.

import DPDK
import PacketBuffer
import Testing

@Suite struct DPDKArgumentsTests {
    @Test("Without hugepages memory is ordinary and bounded; nothing is left behind")
    func noHugepages() throws {
        let line = try DPDKArguments().commandLine(hasHugepages: false, firstCPU: 1)
        #expect(
            line == [
                "ovs-vswitchd", "--lcores", "0@1", "-m", "512", "--no-huge", "--no-shconf",
                "--no-pci", "--iova-mode=va", "--no-telemetry",
            ])
    }

    @Test("Memory asked for by socket is summed where there are no hugepages")
    func socketMemory() throws {
        var arguments = DPDKArguments()
        arguments.socketMemory = "256,0,128"
        let line = try arguments.commandLine(hasHugepages: false, firstCPU: 0)
        #expect(Array(line[3...4]) == ["-m", "384"])
        #expect(!line.contains("--socket-mem"))
    }

    @Test("With hugepages they are used in memory, and every column is passed on")
    func hugepages() throws {
        var arguments = DPDKArguments()
        arguments.lcoreMask = "0x3"
        arguments.socketMemory = "1024,0"
        arguments.socketLimit = "2048,0"
        #expect(
            try arguments.commandLine(hasHugepages: true, firstCPU: 0) == [
                "ovs-vswitchd", "-c", "0x3", "--socket-mem", "1024,0", "--socket-limit", "2048,0",
                "--in-memory", "--single-file-segments", "--no-telemetry",
            ])
    }

    @Test("What dpdk-extra says is not said twice, and quotes hold words together")
    func extra() throws {
        var arguments = DPDKArguments()
        arguments.extra = "-l 1 --log-level='lib.eal:8'  -m 64 --no-huge --iova-mode=pa --telemetry"
        #expect(
            try arguments.commandLine(hasHugepages: false, firstCPU: 0) == [
                "ovs-vswitchd", "--no-shconf", "--no-pci", "-l", "1", "--log-level=lib.eal:8", "-m",
                "64", "--no-huge", "--iova-mode=pa", "--telemetry",
            ])
    }

    @Test("Options that would end the process, and broken quotes, are refused")
    func refused() {
        for extra in ["--help", "-h", "-v", "--file-prefix 'a", "a\0b"] {
            var arguments = DPDKArguments()
            arguments.extra = extra
            #expect(throws: DPDKError.self) {
                try arguments.commandLine(hasHugepages: true, firstCPU: 0)
            }
        }
    }
}
