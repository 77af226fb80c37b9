// Starts DPDK when the database asks for it (`other_config:dpdk-init`), once.

import ControlTransport
import DPDK
import Dpif
import PMD

enum DPDKStart {
    /// Starts DPDK with the options of `other_config`; returns its version.
    ///
    /// **Errors**: why it could not be started.
    static func run(
        _ otherConfig: [String: String], _ datapath: DatapathController
    ) throws(PortError) -> String {
        let log = VLog.module("dpdk")
        DPDKRuntime.redirectLog { level, line, count in
            guard let line else { return }
            let bytes = UnsafeRawBufferPointer(start: line, count: Int(count))
            for part in bytes.split(separator: UInt8(ascii: "\n")) {
                DPDKStart.log(level, String(decoding: part, as: UTF8.self))
            }
        }
        log.info("Using \(DPDKRuntime.version)")
        var arguments = DPDKArguments()
        arguments.extra = otherConfig["dpdk-extra"]
        arguments.lcoreMask = otherConfig["dpdk-lcore-mask"]
        arguments.socketMemory = otherConfig["dpdk-socket-mem"]
        arguments.allocatedMegabytes = otherConfig["dpdk-alloc-mem"]
        arguments.socketLimit = otherConfig["dpdk-socket-limit"]
        arguments.hugepageDirectory = otherConfig["dpdk-hugepage-dir"]
        log.info("DPDK Enabled - initializing...")
        try datapath.initialiseDPDK(arguments)
        log.info("DPDK Enabled - initialized")
        return DPDKRuntime.version
    }

    /// One line of DPDK's log.
    private static func log(_ level: UInt32, _ text: String) {
        let log = VLog.module("dpdk")
        switch level {
        case ...3: log.emer(text)
        case 4: log.err(text)
        case 5: log.warn(text)
        case ...7: log.info(text)
        default: log.dbg(text)
        }
    }
}
