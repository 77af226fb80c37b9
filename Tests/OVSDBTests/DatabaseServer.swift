// A real ovsdb-server for tests: a child with a fresh Open_vSwitch database in a directory of its
// own, ended by its process id. It speaks only on a unix socket in that directory.

import Foundation
import Glibc

/// A database server that lives as long as this object.
final class DatabaseServer {
    struct Failure: Error {
        var what: String
    }

    let directory: String
    private var process: Process?

    var socketPath: String { directory + "/db.sock" }
    private var databasePath: String { directory + "/conf.db" }
    private var controlPath: String { directory + "/ctl" }

    /// Makes a database, as the one member of a cluster if so asked, and serves it. Only clustered
    /// databases keep a history of transactions to resume from.
    init(isClustered: Bool = false) throws {
        var template = Array("/tmp/vedette-ovsdb-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure(what: "mkdtemp") }
        directory = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let schema = "/usr/share/openvswitch/vswitch.ovsschema"
        if isClustered {
            try run(
                "ovsdb-tool", "create-cluster", databasePath, schema, "unix:" + directory + "/raft")
        } else {
            try run("ovsdb-tool", "create", databasePath, schema)
        }
        try start()
    }

    deinit {
        stop()
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Starts the server again on the same database.
    func start() throws {
        process = try spawn(
            "ovsdb-server", "--remote=punix:" + socketPath, "--unixctl=" + controlPath,
            "--no-chdir", "-vconsole:off", "-vsyslog:off", databasePath)
        for _ in 0..<500 {
            if FileManager.default.fileExists(atPath: socketPath),
                FileManager.default.fileExists(atPath: controlPath)
            {
                return
            }
            usleep(10_000)
        }
        throw Failure(what: "ovsdb-server did not start")
    }

    /// Ends the server as a crash would.
    func stop() {
        guard let process else { return }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        self.process = nil
        unlink(socketPath)
        unlink(controlPath)
    }

    /// Runs `ovs-vsctl` without waiting for a switch.
    @discardableResult
    func vsctl(_ arguments: String...) throws -> String {
        try run(["ovs-vsctl", "--no-wait", "--db=unix:" + socketPath] + arguments)
    }

    /// Runs a command of the server's control socket.
    @discardableResult
    func control(_ arguments: String...) throws -> String {
        try run(["ovs-appctl", "-t", controlPath] + arguments)
    }

    func addDatabase() throws { try control("ovsdb-server/add-db", databasePath) }

    @discardableResult
    func run(_ command: String...) throws -> String { try run(command) }

    private func run(_ command: [String]) throws -> String {
        let output = Pipe()
        let child = try spawn(command, output: output)
        let text = output.fileHandleForReading.readDataToEndOfFile()
        child.waitUntilExit()
        guard child.terminationStatus == 0 else {
            throw Failure(what: command.joined(separator: " "))
        }
        return String(decoding: text, as: UTF8.self)
    }

    private func spawn(_ command: String...) throws -> Process { try spawn(command) }

    private func spawn(_ command: [String], output: Pipe? = nil) throws -> Process {
        let child = Process()
        child.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        child.arguments = command
        var environment = ProcessInfo.processInfo.environment
        environment["PATH", default: "/usr/bin:/bin"] += ":/usr/sbin:/sbin"
        environment["OVS_RUNDIR"] = directory
        child.environment = environment
        child.standardInput = FileHandle.nullDevice
        if let output { child.standardOutput = output }
        try child.run()
        return child
    }
}
