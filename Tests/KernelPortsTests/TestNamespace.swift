// Network namespaces for the tests: made by `ip netns`, entered by one thread for a moment, removed
// after.

import Foundation
import Glibc
import Testing

/// A network namespace that lives as long as this object.
final class TestNamespace: Sendable {
    let name: String

    init(_ label: String) throws {
        name = "vdt\(getpid())-\(UInt32.random(in: 0...0xffff))-\(label)"
        try TestNamespace.run("ip", "netns", "add", name)
        try TestNamespace.run("ip", "-n", name, "link", "set", "lo", "up")
    }

    deinit { _ = try? TestNamespace.run("ip", "netns", "del", name) }

    /// Runs a command inside and returns its output.
    @discardableResult
    func run(_ arguments: String...) throws -> String {
        try TestNamespace.run(["ip", "netns", "exec", name] + arguments)
    }

    /// Starts a command inside.
    func start(_ arguments: String...) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["ip", "netns", "exec", name] + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    /// Runs `body` with the calling thread inside.
    func inside<Result>(_ body: () throws -> Result) throws -> Result {
        typealias Setns = @convention(c) (Int32, Int32) -> Int32
        // SAFETY: `setns` has this signature in every glibc.
        let setns = unsafeBitCast(try #require(dlsym(nil, "setns")), to: Setns.self)
        let home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)
        let there = open("/var/run/netns/\(name)", O_RDONLY | O_CLOEXEC)
        defer {
            close(home)
            close(there)
        }
        try #require(home >= 0 && there >= 0)
        try #require(setns(there, 0) == 0)
        defer { precondition(setns(home, 0) == 0) }
        return try body()
    }

    @discardableResult
    static func run(_ arguments: String...) throws -> String { try run(arguments) }

    static func run(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let text = String(decoding: output, as: UTF8.self)
        guard process.terminationStatus == 0 else { throw CommandFailure(arguments, text) }
        return text
    }
}

/// A command that failed, with what it said.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String
    init(_ arguments: [String], _ output: String) {
        description = arguments.joined(separator: " ") + ": " + output
    }
}
