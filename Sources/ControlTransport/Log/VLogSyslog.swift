// The ways a message reaches the syslog daemon: libc's, a datagram to a UNIX or UDP socket, or not
// at all. Used by `VLog` under its lock.

import Glibc

/// How messages are sent to syslog (`--syslog-method`).
///
/// **Source** ovs-vswitchd(8), "Logging Options".
enum VLogSyslog {
    case libc
    case null
    /// A connected datagram socket; negative where it could not be opened.
    case direct(Int32)

    /// What `vlog/list-pattern` shows as the fixed prefix.
    var prefix: String {
        switch self {
        case .libc: "<%B> %D{%h %e %T} %E %A:"
        case .null: ""
        case .direct: "<%B>"
        }
    }

    /// Whether `method` is one of the forms that `init(method:)` takes.
    static func isKnown(method: String) -> Bool {
        method == "null" || method == "libc" || method.hasPrefix("udp:")
            || method.hasPrefix("unix:")
    }

    /// Opens the method; nil where its name is not known. A socket that cannot be opened drops
    /// messages silently, as syslog(3) does.
    init?(method: String) {
        switch method {
        case "null": self = .null
        case "libc": self = .libc
        case let path where path.hasPrefix("unix:"):
            let fd = try? UnixSocket.connect(
                to: String(path.dropFirst(5)), style: Int32(SOCK_DGRAM.rawValue))
            self = .direct(fd ?? -1)
        case let target where target.hasPrefix("udp:"):
            self = .direct(Self.openDatagram(to: String(target.dropFirst(4)), defaultPort: 514))
        default: return nil
        }
    }

    /// Sends one line without its newline.
    func send(priority: Int32, defaultFacility: Int32, line: String) {
        let whole = priority & 0x3f8 == 0 ? priority | defaultFacility : priority
        switch self {
        case .null: break
        case .libc:
            line.withCString { text in
                withVaList([text]) { vsyslog(priority, "%s", $0) }
            }
        case .direct(let fd): Self.send("<\(whole)>\(line)", over: fd)
        }
    }

    /// Sends one datagram, cut where it is too long for the socket.
    static func send(_ text: String, over fd: Int32) {
        guard fd >= 0 else { return }
        let bytes = Array(text.utf8)
        var length = bytes.count
        while length > 64, Glibc.send(fd, bytes, length, Int32(MSG_NOSIGNAL)) < 0,
            errno == EMSGSIZE
        {
            length -= length / 20 + 1
        }
        if length <= 64 { _ = Glibc.send(fd, bytes, length, Int32(MSG_NOSIGNAL)) }
    }

    /// Opens a UDP socket connected to `HOST[:PORT]`, which must be numeric; -1 on failure.
    static func openDatagram(to target: String, defaultPort: UInt16) -> Int32 {
        guard
            let endpoint = try? InternetTarget.active(target, defaultPort: defaultPort),
            let address = endpoint.address
        else { return -1 }
        return address.withSockaddr { pointer, length in
            let fd = socket(
                Int32(pointer.pointee.sa_family),
                Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
                    | Int32(SOCK_CLOEXEC.rawValue), 0)
            guard fd >= 0 else { return -1 }
            guard connect(fd, pointer, length) == 0 else {
                close(fd)
                return -1
            }
            return fd
        }
    }
}
