// An Open vSwitch with dummy ports in a directory of its own, to ask how it reads and prints the
// headers of a packet. Its processes end with it.

import Foundation

final class SwitchOracle {
    static let daemons = ["/usr/sbin/ovsdb-server", "/usr/sbin/ovs-vswitchd"]
    static var isInstalled: Bool {
        daemons.allSatisfy { FileManager.default.isExecutableFile(atPath: $0) }
    }

    private let directory: URL
    private var processes: [Process] = []

    init() throws {
        directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("flowtext-\(UInt32.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        _ = try Oracle.run(
            "/usr/bin/ovsdb-tool",
            ["create", path("conf.db"), "/usr/share/openvswitch/vswitch.ovsschema"])
        try start(
            SwitchOracle.daemons[0],
            [path("conf.db"), "--remote=punix:" + path("db.sock"), "--unixctl=" + path("db.ctl")])
        try wait(for: "db.sock")
        _ = try Oracle.run(
            "/usr/bin/ovs-vsctl", ["--db=unix:" + path("db.sock"), "--no-wait", "init"])
        try start(
            SwitchOracle.daemons[1],
            [
                "unix:" + path("db.sock"), "--enable-dummy=override", "--disable-system",
                "--unixctl=" + path("ctl"),
            ])
        try wait(for: "ctl")
        let arguments =
            ["--db=unix:" + path("db.sock"), "--timeout=10", "add-br", "br0", "--", "set"]
            + ["bridge", "br0", "datapath_type=dummy", "fail_mode=secure"]
            + ["--", "add-port", "br0", "p1", "--", "set", "interface", "p1", "type=dummy"]
            + ["ofport_request=1"]
        _ = try Oracle.run("/usr/bin/ovs-vsctl", arguments)
    }

    func stop() {
        // The daemons inherit blocked signals, so only this one ends them for sure.
        for process in processes.reversed() {
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        processes = []
        try? FileManager.default.removeItem(at: directory)
    }

    deinit { stop() }

    /// The "Flow:" line of a trace, or the error.
    func trace(_ arguments: [String]) throws -> String {
        let (output, errors, status) = try Oracle.run(
            "/usr/bin/ovs-appctl", ["-t", path("ctl"), "ofproto/trace"] + arguments)
        guard status == 0 else {
            return "ERROR " + (errors.split(separator: "\n").first.map { String($0) } ?? "")
        }
        let first = output.split(separator: "\n").first.map { String($0) } ?? ""
        return first.hasPrefix("Flow: ") ? String(first.dropFirst(6)) : first
    }

    private func path(_ name: String) -> String { directory.appendingPathComponent(name).path }

    private func start(_ tool: String, _ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: tool)
        process.arguments =
            arguments + ["-vconsole:off", "-vsyslog:off", "--no-chdir"]
        var environment = ProcessInfo.processInfo.environment
        for name in ["OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR", "OVS_SYSCONFDIR"] {
            environment[name] = directory.path
        }
        process.environment = environment
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        processes.append(process)
    }

    private func wait(for name: String) throws {
        for _ in 0..<500 where !FileManager.default.fileExists(atPath: path(name)) {
            usleep(20_000)
        }
    }
}
