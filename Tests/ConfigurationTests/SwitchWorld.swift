// A switch with a database server of its own in a directory of its own, and the tools to drive it.

import Configuration
import Foundation
import Glibc
import OVSDB

@testable import Configuration

final class SwitchWorld {
    let directory: String
    let host: PollingHost
    let datapath = NullDatapath()
    private(set) var vswitch: VirtualSwitch
    private var server: Process?

    init() throws {
        directory = "/tmp/vedette-config-\(getpid())-\(UInt32.random(in: 0...999_999))"
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        host = PollingHost(runDirectory: directory)
        vswitch = Self.make(host, datapath, directory)
        _ = Self.run(
            "/usr/bin/ovsdb-tool",
            ["create", directory + "/conf.db", "/usr/share/openvswitch/vswitch.ovsschema"],
            directory)
        try startDatabase()
        _ = Self.run("/usr/bin/ovs-vsctl", ["--no-wait", "init"], directory)
        vswitch.start()
    }

    func makeSwitch(_ datapath: NullDatapath) -> VirtualSwitch {
        Self.make(host, datapath, directory)
    }

    private static func make(
        _ host: PollingHost, _ datapath: NullDatapath, _ directory: String
    ) -> VirtualSwitch {
        VirtualSwitch(
            host: host, datapath: datapath,
            stream: PollingDialer(host: host, path: directory + "/db.sock"),
            options: SwitchOptions())
    }

    var isSynchronised: Bool { vswitch.database.session.isSynchronised }

    func startDatabase() throws {
        let server = Process()
        server.executableURL = URL(fileURLWithPath: "/usr/sbin/ovsdb-server")
        server.arguments = [
            directory + "/conf.db", "--remote=punix:\(directory)/db.sock", "-vconsole:off",
            "--unixctl=\(directory)/db.ctl",
        ]
        server.environment = Self.environment(directory)
        try server.run()
        self.server = server
        for _ in 0..<500 where access(directory + "/db.sock", F_OK) != 0 { usleep(10_000) }
    }

    func stopDatabase() {
        // Test threads have signals blocked, and children inherit that: only this one gets through.
        if let server {
            kill(server.processIdentifier, SIGKILL)
            server.waitUntilExit()
        }
        server = nil
        unlink(directory + "/db.sock")
    }

    func close() {
        vswitch.shutdown()
        stopDatabase()
        try? FileManager.default.removeItem(atPath: directory)
    }

    func wait(_ condition: () -> Bool) -> Bool { host.run(until: condition) }

    /// Runs ovs-vsctl while the switch works; its output, or the error's text.
    func vsctl(_ arguments: String...) -> String {
        tool("/usr/bin/ovs-vsctl", ["--timeout=15"] + arguments)
    }

    func ofctl(_ arguments: String...) -> String {
        tool("/usr/bin/ovs-ofctl", ["--timeout=15"] + arguments)
    }

    /// Runs a command of the control socket.
    func command(_ name: String, _ arguments: String...) -> String {
        guard let command = vswitch.commands.first(where: { $0.name == name }) else {
            return "no such command"
        }
        do throws(CommandFailure) {
            return try command.run(arguments)
        } catch {
            return "error: \(error.text)"
        }
    }

    private func tool(_ path: String, _ arguments: [String]) -> String {
        let file = "\(directory)/out"
        _ = FileManager.default.createFile(atPath: file, contents: nil)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = Self.environment(directory)
        guard let output = FileHandle(forWritingAtPath: file) else { return "no output" }
        process.standardOutput = output
        process.standardError = output
        guard (try? process.run()) != nil else { return "cannot run \(path)" }
        _ = host.run(seconds: 30) { !process.isRunning }
        let data = FileManager.default.contents(atPath: file) ?? Data()
        return String(decoding: data, as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func run(_ path: String, _ arguments: [String], _ directory: String) -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = environment(directory)
        guard (try? process.run()) != nil else { return -1 }
        process.waitUntilExit()
        return process.terminationStatus
    }

    private static func environment(_ directory: String) -> [String: String] {
        [
            "OVS_RUNDIR": directory, "OVS_LOGDIR": directory, "OVS_DBDIR": directory,
            "PATH": "/usr/bin:/usr/sbin:/bin:/sbin",
        ]
    }
}
