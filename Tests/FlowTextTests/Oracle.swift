// The installed tools of Open vSwitch, asked for the normal form of a text or for their error.

import Foundation

enum Oracle {
    enum Answer: Equatable {
        case text(String)
        case error(String)
    }

    static let tool = "/usr/bin/ovs-ofctl"
    static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: tool) }

    /// Runs a tool and returns what it wrote and how it ended.
    static func run(
        _ path: String, _ arguments: [String]
    ) throws -> (output: String, errors: String, status: Int32) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        let output = Pipe()
        let errors = Pipe()
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        let complaint = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (
            String(decoding: text, as: UTF8.self), String(decoding: complaint, as: UTF8.self),
            process.terminationStatus
        )
    }

    /// What `ovs-ofctl parse-flow` makes of a flow, from the table on.
    static func flow(_ text: String, version: String) throws -> Answer {
        let (output, errors, status) = try run(
            tool, ["-O", version, "-vANY:OFF", "parse-flow", text])
        guard status == 0 else { return .error(strip(errors)) }
        let marker = ": ADD "
        // The tool could not print what it had encoded itself.
        guard let range = output.range(of: marker) else { return .error("no usable protocol") }
        var rest = String(output[range.upperBound...])
        while rest.last == "\n" { rest.removeLast() }
        return .text(rest)
    }

    static func strip(_ errors: String) -> String {
        var text = errors
        while text.last == "\n" { text.removeLast() }
        if text.hasPrefix("ovs-ofctl: ") { text.removeFirst("ovs-ofctl: ".count) }
        return text
    }
}
