// The `HOST[:PORT]` and `[PORT][:HOST]` parts of stream names. Pure but for interface names in IPv6
// scopes.

import Glibc

/// A host and port out of a stream name.
struct InternetTarget: Equatable, Sendable {
    /// As written, without brackets; nil where a passive name gives none.
    var host: String?
    var port: UInt16
    /// The numeric address; nil where `host` is a name that has to be resolved.
    var address: InternetAddress?

    /// Parses `HOST[:PORT]`; without a default, the port is required.
    static func active(_ text: String, defaultPort: UInt16?) throws(StreamError) -> InternetTarget {
        let (first, second) = split(text)
        guard let host = first, !host.isEmpty else {
            throw StreamError(code: EAFNOSUPPORT, message: "\(text): host must be specified")
        }
        let port = try parsePort(second, defaultPort, text)
        return InternetTarget(
            host: host, port: port, address: try parseAddress(host, port, text))
    }

    /// Parses `[PORT][:HOST]`; without a default, the port is required, and without a host all
    /// IPv4 addresses are meant. The host must be numeric.
    static func passive(
        _ text: String, defaultPort: UInt16?
    ) throws(StreamError) -> InternetTarget {
        var (portText, host) = split(text)
        // More than one colon outside brackets can only be a bare IPv6 host.
        if isBareHost(text) { (portText, host) = (nil, portText) }
        let port = try parsePort(portText, defaultPort, text)
        guard let host, !host.isEmpty else {
            return InternetTarget(
                host: nil, port: port, address: InternetAddress(ip: "0.0.0.0", port: port))
        }
        guard let address = try parseAddress(host, port, text) else {
            throw StreamError(
                code: EAFNOSUPPORT, message: "\(text): bad IP address \"\(host)\"")
        }
        return InternetTarget(host: host, port: port, address: address)
    }

    private static func isBareHost(_ text: String) -> Bool { colons(text).count > 1 }

    /// The places of the colons outside brackets.
    private static func colons(_ text: String) -> [String.Index] {
        var inBrackets = false
        var found: [String.Index] = []
        for index in text.indices {
            switch text[index] {
            case "[": inBrackets = true
            case "]": inBrackets = false
            case ":" where !inBrackets: found.append(index)
            default: break
            }
        }
        return found
    }

    /// Splits at the one colon outside brackets and removes the brackets.
    private static func split(_ text: String) -> (String?, String?) {
        let colons = colons(text)
        guard colons.count <= 1 else { return (text, nil) }
        guard let colon = colons.first else { return (unbracket(text[...]), nil) }
        return (unbracket(text[..<colon]), unbracket(text[text.index(after: colon)...]))
    }

    private static func unbracket(_ text: Substring) -> String {
        guard text.first == "[" else { return String(text) }
        let inner = text.dropFirst()
        return String(inner.last == "]" ? inner.dropLast() : inner)
    }

    private static func parsePort(
        _ text: String?, _ defaultPort: UInt16?, _ whole: String
    ) throws(StreamError) -> UInt16 {
        guard let text, !text.isEmpty else {
            if let defaultPort { return defaultPort }
            throw StreamError(code: EAFNOSUPPORT, message: "\(whole): port must be specified")
        }
        guard text.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }), let port = UInt16(text) else {
            throw StreamError(code: EAFNOSUPPORT, message: "\(whole): bad port number \"\(text)\"")
        }
        return port
    }

    /// The numeric address; nil for a name.
    private static func parseAddress(
        _ host: String, _ port: UInt16, _ whole: String
    ) throws(StreamError) -> InternetAddress? {
        if let address = InternetAddress(ip: host, port: port) { return address }
        guard host.contains(":") else { return nil }
        throw StreamError(code: EAFNOSUPPORT, message: "\(whole): bad IP address \"\(host)\"")
    }
}
