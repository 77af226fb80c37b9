// UNIX-domain and TCP sockets by system calls, ready to be handed to NIO: stale socket files, file
// modes and over-long paths are not NIO's to handle. Any thread; nothing here blocks for long.

import Glibc

enum UnixSocket {
    /// The longest path that fits a socket address, without the closing NUL.
    static let pathBytesMax = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    /// Connects a non-blocking socket to the file at `path`.
    static func connect(
        to path: String, style: Int32 = Int32(SOCK_STREAM.rawValue)
    ) throws(StreamError) -> Int32 {
        let fd = try open(style: style)
        let status = try withAddress(path, closing: fd) { Glibc.connect(fd, $0, $1) }
        if status != 0 {
            // A full backlog is reported as EAGAIN, which would mean something else to callers.
            let code = errno == EAGAIN ? EPROTO : errno
            close(fd)
            throw StreamError(code: code)
        }
        return fd
    }

    /// Binds and listens at `path`, which is replaced if it is a socket that nobody answers on.
    static func listen(at path: String, mode: mode_t) throws(StreamError) -> Int32 {
        try removeStale(path)
        let fd = try open(style: Int32(SOCK_STREAM.rawValue))
        // On Linux the mode of the descriptor becomes the mode of the file.
        fchmod(fd, mode)
        let bound = try withAddress(path, closing: fd) { bind(fd, $0, $1) }
        guard bound == 0 else {
            let code = errno
            close(fd)
            throw StreamError(
                code: code, message: "\(path): binding failed: \(SystemError.text(code))")
        }
        ExitFiles.add(path)
        guard Glibc.listen(fd, 64) == 0 else {
            let code = errno
            close(fd)
            ExitFiles.removeNow(path)
            throw StreamError(code: code, message: "\(path): listen: \(SystemError.text(code))")
        }
        return fd
    }

    private static func open(style: Int32) throws(StreamError) -> Int32 {
        let flags = Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let fd = socket(AF_UNIX, style | flags, 0)
        guard fd >= 0 else { throw StreamError(code: errno) }
        return fd
    }

    /// Removes a socket file that is left over from a process that is gone.
    private static func removeStale(_ path: String) throws(StreamError) {
        var information = stat()
        guard lstat(path, &information) == 0, information.st_mode & S_IFMT == S_IFSOCK else {
            return
        }
        do {
            close(try connect(to: path))
        } catch {
            guard error.code == ECONNREFUSED || error.code == ENOENT else { return }
            unlink(path)
            return
        }
        throw StreamError(
            code: EADDRINUSE,
            message: "\(path): binding failed: \(SystemError.text(EADDRINUSE))")
    }

    /// Calls `body` with the address of `path`; one too long goes through the directory's
    /// descriptor in /proc, as OVS and its tools do.
    private static func withAddress(
        _ path: String, closing fd: Int32, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(StreamError) -> Int32 {
        var short = path
        var directory: Int32 = -1
        defer { if directory >= 0 { close(directory) } }
        if path.utf8.count > pathBytesMax {
            let slash = path.lastIndex(of: "/") ?? path.startIndex
            directory = Glibc.open(String(path[..<slash]), O_DIRECTORY | O_RDONLY | O_CLOEXEC)
            short = "/proc/self/fd/\(directory)\(path[slash...])"
            guard directory >= 0, short.utf8.count <= pathBytesMax else {
                close(fd)
                throw StreamError(
                    code: ENAMETOOLONG,
                    message: "Unix socket name \(path) is longer than maximum "
                        + "\(pathBytesMax) bytes")
            }
        }
        guard !short.utf8.contains(0) else {
            close(fd)
            throw StreamError(code: EINVAL)
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: short.utf8) }
        let length = MemoryLayout<sa_family_t>.size + short.utf8.count + 1
        // SAFETY: sockaddr_un begins as sockaddr does; the length lies within it.
        return withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(length))
            }
        }
    }
}

enum TCPSocket {
    /// Binds and listens; returns the descriptor and the port, which the kernel chose if 0 was
    /// asked.
    static func listen(
        at address: InternetAddress, name: String, dscp: UInt8?
    ) throws(StreamError) -> (fd: Int32, port: UInt16) {
        let style =
            Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
            | Int32(SOCK_CLOEXEC.rawValue)
        let fd = socket(address.family, style, 0)
        guard fd >= 0 else { throw failure("socket", name) }
        var one: Int32 = 1
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        guard address.withSockaddr({ bind(fd, $0, $1) }) == 0 else {
            throw failure("bind", name, closing: fd)
        }
        if let dscp { setDSCP(dscp, fd, family: address.family) }
        guard Glibc.listen(fd, 64) == 0 else { throw failure("listen", name, closing: fd) }
        guard let port = localPort(fd) else { throw failure("getsockname", name, closing: fd) }
        return (fd, port)
    }

    /// Marks what the socket sends; done after bind and before listen, so that the handshake's
    /// packets carry it too.
    private static func setDSCP(_ dscp: UInt8, _ fd: Int32, family: Int32) {
        var value = Int32(dscp & 63) << 2
        let size = socklen_t(MemoryLayout<Int32>.size)
        if family == AF_INET6 {
            setsockopt(fd, Int32(IPPROTO_IPV6), IPV6_TCLASS, &value, size)
        } else {
            setsockopt(fd, Int32(IPPROTO_IP), IP_TOS, &value, size)
        }
    }

    private static func localPort(_ fd: Int32) -> UInt16? {
        var address = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        // SAFETY: sin_port and sin6_port lie at the same place, and the buffer holds either form.
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(fd, $0, &length)
            }
        }
        return status == 0 ? UInt16(bigEndian: address.sin6_port) : nil
    }

    private static func failure(
        _ call: String, _ name: String, closing fd: Int32 = -1
    ) -> StreamError {
        let code = errno
        if fd >= 0 { close(fd) }
        return StreamError(code: code, message: "\(name): \(call): \(SystemError.text(code))")
    }
}
