// A client of the daemon's unixctl socket: one command, one answer, blocking. The protocol is
// JSON-RPC as `ovs-appctl` speaks it.

import Glibc
import OVSDB

/// Why a command got no answer.
struct UnixctlError: Error {
    let message: String
}

/// Speaks to a running daemon.
struct UnixctlClient {
    private let descriptor: Int32

    /// Connects to the daemon whose pidfile is in `runDirectory`.
    init(runDirectory: String) throws {
        guard let pid = UnixctlClient.pid(in: runDirectory) else {
            throw UnixctlError(
                message: "no switch runs in \(runDirectory) (no ovs-vswitchd.pid); "
                    + "name its run directory with --rundir or OVS_RUNDIR")
        }
        let path = "\(runDirectory)/ovs-vswitchd.\(pid).ctl"
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard descriptor >= 0, bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw UnixctlError(message: "\(path): cannot connect")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else {
            close(descriptor)
            throw UnixctlError(message: "\(path): \(String(cString: strerror(errno)))")
        }
    }

    func disconnect() { close(descriptor) }

    /// Runs one command and returns its text.
    func run(_ command: String, _ arguments: [String] = []) throws -> String {
        let request = JSONRPCMessage.request(
            method: command, params: arguments.map { .string($0) }, id: .integer(0))
        var bytes = request.serialised()[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw UnixctlError(message: "the daemon closed the connection") }
            bytes = bytes.dropFirst(count)
        }
        var framer = JSONFramer(limits: .database)
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { throw UnixctlError(message: "the daemon closed the connection") }
            framer.append(Array(buffer[0..<count]))
            guard let json = try framer.next() else { continue }
            switch try JSONRPCMessage(json) {
            case .reply(let result, _): return result.stringValue ?? ""
            case .error(let error, _): throw UnixctlError(message: error.stringValue ?? "error")
            default: throw UnixctlError(message: "unexpected answer")
            }
        }
    }

    private static func pid(in runDirectory: String) -> String? {
        let file = open("\(runDirectory)/ovs-vswitchd.pid", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 32)
        let count = read(file, &buffer, buffer.count)
        guard count > 0 else { return nil }
        let digits = buffer[0..<count].prefix { $0 >= 0x30 && $0 <= 0x39 }
        return digits.isEmpty ? nil : String(decoding: digits, as: UTF8.self)
    }
}
