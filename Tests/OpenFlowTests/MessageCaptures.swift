// What the message tests share: captured requests, hexadecimal digits, contexts, and ovs-ofctl's
// `ofp-print` as a judge of what we encode.

import Flow
import Foundation
import Testing

@testable import OpenFlow

/// Captured requests by version.
enum MessageCaptures {
    static let all: [String] = [
        openFlow10, openFlow11, openFlow12, openFlow13, openFlow14, openFlow15,
    ]

    static func frames() -> [[UInt8]] {
        all.flatMap { $0.split(separator: "\n").map { bytes(String($0)) } }
    }

    static func bytes(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var high: UInt8?
        for digit in text.utf8 {
            guard let value = Character(UnicodeScalar(digit)).hexDigitValue else { continue }
            if let first = high {
                bytes.append(first << 4 | UInt8(value))
                high = nil
            } else {
                high = UInt8(value)
            }
        }
        return bytes
    }

    static func text(_ bytes: [UInt8]) -> String {
        bytes.map { String(format: "%02x", $0) }.joined()
    }

    /// The context that the connection of a captured request had.
    static func context(for frame: [UInt8]) throws -> CodecContext {
        let version = try #require(OpenFlowVersion(rawValue: frame[0]))
        var context = CodecContext(version: version, tunnelOptions: try tunnelOptions())
        guard version == .v1_0 else { return context }
        let isNicira = frame[1] == MessageKey.vendorType
        if isNicira { context.flowFormat = .nxm }
        // The high byte of the command of a flow-mod.
        if frame[1] == 14 { context.flowModTableID = frame[56] != 0 }
        if isNicira && frame.count > 24 && frame[15] == 13 {
            context.flowModTableID = frame[24] != 0
        }
        return context
    }

    static func tunnelOptions() throws -> TunnelOptionTable {
        var table = TunnelOptionTable()
        try table.add(optionClass: 0xffff, type: 0, byteCount: 4, index: 0)
        try table.add(optionClass: 0xffff, type: 1, byteCount: 16, index: 1)
        return table
    }
}

/// Runs `ovs-ofctl ofp-print`.
enum MessagePrinter {
    static let path = "/usr/bin/ovs-ofctl"
    static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: path) }

    static func print(_ frame: [UInt8]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        let output = Pipe()
        process.standardOutput = output
        process.standardError = Pipe()
        process.arguments = ["ofp-print", MessageCaptures.text(frame)]
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }
}
