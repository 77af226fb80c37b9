// What the tests of this module share: a loop with objects that live on it, a directory of their
// own, and child processes with a time limit.

import Foundation
import Testing

@testable import ControlTransport

/// A control loop and objects that only it touches.
final class LoopFixture: Sendable {
    let loop = ControlLoop()
    let directory: String

    init() {
        directory = NSTemporaryDirectory() + "vd-ct-\(UUID().uuidString.prefix(8))"
        mkdir(directory, 0o755)
    }

    deinit {
        // The last reference may go away on the loop, which cannot wait for itself.
        let loop = loop
        Thread.detachNewThread { loop.shutdown() }
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Runs `body` on the loop and returns its result.
    func on<T: Sendable>(_ body: @escaping @Sendable () throws -> T) throws -> T {
        try loop.runAndWait(body)
    }

    /// Waits until `condition`, evaluated on the loop, holds.
    func eventually(
        _ comment: Comment? = nil, seconds: Double = 10,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ condition: @escaping @Sendable () -> Bool
    ) throws {
        let deadline = Date().addingTimeInterval(seconds)
        while Date() < deadline {
            if try on(condition) { return }
            usleep(5_000)
        }
        Issue.record(comment ?? "condition did not come true", sourceLocation: sourceLocation)
    }
}

/// A value that is only touched on the loop, though it is carried by closures from elsewhere.
final class Held<Value>: @unchecked Sendable {
    var value: Value
    init(_ value: Value) { self.value = value }
}

struct Outcome: Sendable {
    var status: Int32
    var output: String
    var errors: String
}

/// Runs a program to its end, or kills it after `seconds`.
func run(
    _ program: String, _ arguments: [String], environment: [String: String] = [:],
    seconds: Double = 20
) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let output = Pipe()
    let errors = Pipe()
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let pid = process.processIdentifier
    let timer = DispatchSource.makeTimerSource()
    timer.schedule(deadline: .now() + seconds)
    timer.setEventHandler { kill(pid, SIGKILL) }
    timer.resume()
    let outputText = output.fileHandleForReading.readDataToEndOfFile()
    let errorText = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    timer.cancel()
    return Outcome(
        status: process.terminationStatus, output: String(decoding: outputText, as: UTF8.self),
        errors: String(decoding: errorText, as: UTF8.self))
}
