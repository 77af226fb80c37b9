// Turns a log pattern and one message into a line. Pure but for the host name; called by `VLog`
// under its lock.

import Glibc

/// One message and what is known about it.
struct VLogRecord {
    var program: String
    var module: String
    var level: VLogLevel
    var message: String
    var sequence: UInt32
    var thread: String
    var wallMilliseconds: Int64
    var uptimeMilliseconds: Int64
    var facility: Int32
}

/// **Source** ovs-appctl(8), `vlog/set PATTERN:`.
enum VLogPattern {
    /// Expands the `%` escapes of `pattern` for `record`.
    static func expand(_ pattern: String, _ record: VLogRecord) -> String {
        var out: [UInt8] = []
        var rest = Array(pattern.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                out.append(byte)
                continue
            }
            let left = take(UInt8(ascii: "-"), &rest)
            let pad = take(UInt8(ascii: "0"), &rest) ? UInt8(ascii: "0") : UInt8(ascii: " ")
            var width = 0
            while let digit = rest.first, digit >= 48, digit <= 57 {
                width = min(width * 10 + Int(digit - 48), 1024)
                rest.removeFirst()
            }
            guard let letter = rest.popFirst() else { break }
            let field = Array(expand(letter, &rest, record).utf8)
            let padding = [UInt8](repeating: pad, count: max(0, width - field.count))
            out += left ? field + padding : padding + field
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func expand(
        _ letter: UInt8, _ rest: inout ArraySlice<UInt8>, _ record: VLogRecord
    ) -> String {
        switch letter {
        case UInt8(ascii: "A"): return record.program
        case UInt8(ascii: "B"): return String(record.facility + record.level.syslogSeverity)
        case UInt8(ascii: "c"):
            _ = braces(&rest)
            return record.module
        case UInt8(ascii: "d"):
            return time(braces(&rest) ?? "%Y-%m-%d %H:%M:%S.###", record, utc: false)
        case UInt8(ascii: "D"):
            return time(braces(&rest) ?? "%Y-%m-%d %H:%M:%S.###", record, utc: true)
        case UInt8(ascii: "E"): return hostName()
        case UInt8(ascii: "m"):
            var message = record.message[...]
            while message.last == "\n" { message.removeLast() }
            return String(message)
        case UInt8(ascii: "N"): return String(record.sequence)
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "p"): return record.level.name
        case UInt8(ascii: "P"): return String(getpid())
        case UInt8(ascii: "r"): return String(record.uptimeMilliseconds)
        case UInt8(ascii: "t"): return record.thread.isEmpty ? "main" : record.thread
        case UInt8(ascii: "T"): return record.thread.isEmpty ? "" : "(\(record.thread))"
        default: return String(decoding: [letter], as: UTF8.self)
        }
    }

    private static func take(_ byte: UInt8, _ rest: inout ArraySlice<UInt8>) -> Bool {
        guard rest.first == byte else { return false }
        rest.removeFirst()
        return true
    }

    /// Takes a `{…}` argument off the front, if there is one.
    private static func braces(_ rest: inout ArraySlice<UInt8>) -> String? {
        guard rest.first == UInt8(ascii: "{") else { return nil }
        rest.removeFirst()
        let inside = rest.prefix { $0 != UInt8(ascii: "}") }
        rest.removeFirst(min(rest.count, inside.count + 1))
        return String(decoding: inside, as: UTF8.self)
    }

    /// Formats a time by strftime(3); a run of `#` stands for the fraction of the second.
    private static func time(_ format: String, _ record: VLogRecord, utc: Bool) -> String {
        var seconds = time_t(record.wallMilliseconds / 1000)
        let milliseconds = Int(record.wallMilliseconds % 1000)
        var broken = tm()
        if utc { gmtime_r(&seconds, &broken) } else { localtime_r(&seconds, &broken) }
        var buffer = [CChar](repeating: 0, count: 256)
        let length = strftime(&buffer, buffer.count, format, &broken)
        var text = buffer.prefix(length).map { UInt8(bitPattern: $0) }
        var scale = 100
        for index in text.indices where text[index] == UInt8(ascii: "#") {
            text[index] = scale > 0 ? UInt8(48 + milliseconds / scale % 10) : 48
            scale /= 10
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func hostName() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        return String(
            decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
