// A numeric IPv4 or IPv6 address with a port, as the socket calls want it. A value; any thread.

import Glibc

/// A socket address of family AF_INET or AF_INET6.
struct InternetAddress: Equatable, Sendable {
    enum Storage: Sendable {
        case ipv4(sockaddr_in)
        case ipv6(sockaddr_in6)
    }

    let storage: Storage
    /// The address without port and brackets.
    let ip: String
    let port: UInt16

    /// Reads a numeric address; IPv6 may carry a `%scope`.
    init?(ip text: String, port: UInt16) {
        self.port = port
        if text.contains(":") {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            let parts = text.split(separator: "%", maxSplits: 1)
            guard let host = parts.first, inet_pton(AF_INET6, String(host), &address.sin6_addr) == 1
            else { return nil }
            if parts.count == 2 {
                let scope = UInt32(parts[1]) ?? if_nametoindex(String(parts[1]))
                guard scope != 0 else { return nil }
                address.sin6_scope_id = scope
            }
            storage = .ipv6(address)
        } else {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            guard inet_pton(AF_INET, text, &address.sin_addr) == 1 else { return nil }
            storage = .ipv4(address)
        }
        ip = text
    }

    var family: Int32 {
        switch storage {
        case .ipv4: AF_INET
        case .ipv6: AF_INET6
        }
    }

    /// The address as it stands in a stream name: IPv6 in brackets.
    var bracketed: String { family == AF_INET6 ? "[\(ip)]" : ip }

    func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        switch storage {
        case .ipv4(let address): Self.rebind(address, body)
        case .ipv6(let address): Self.rebind(address, body)
        }
    }

    // SAFETY: every sockaddr_* begins as sockaddr does, and the length says how far it may be read.
    private static func rebind<Address, Result>(
        _ address: Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<Address>.size))
            }
        }
    }

    static func == (a: InternetAddress, b: InternetAddress) -> Bool {
        a.ip == b.ip && a.port == b.port
    }
}
