// A host for tests: one thread, poll(2), UNIX sockets and real time. `run(until:)` turns the loop.

import Configuration
import Dpif
import Glibc

/// The test's `ControlHost`.
final class PollingHost: ControlHost {
    let runDirectory: String
    var dpdkVersion: String? { nil }
    private(set) var messages: [String] = []
    private var timers: [PollingTimer] = []
    private var due: [() -> Void] = []
    private var sockets: [Int32: () -> Void] = [:]

    init(runDirectory: String) { self.runDirectory = runDirectory }

    var nowMilliseconds: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }

    /// Turns the loop until `condition` holds; false if it did not in time.
    func run(seconds: Int64 = 20, until condition: () -> Bool) -> Bool {
        let deadline = nowMilliseconds + seconds * 1000
        while nowMilliseconds < deadline {
            if condition() { return true }
            turn()
        }
        return condition()
    }

    private func turn() {
        let bodies = due
        due = []
        for body in bodies { body() }
        let now = nowMilliseconds
        for timer in timers where timer.deadline <= now { timer.fire(now) }
        timers.removeAll { $0.isCancelled }
        var descriptors = sockets.keys.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        poll(&descriptors, nfds_t(descriptors.count), due.isEmpty ? 5 : 0)
        for descriptor in descriptors where descriptor.revents != 0 {
            sockets[descriptor.fd]?()
        }
    }

    func watch(_ fd: Int32, _ body: @escaping () -> Void) { sockets[fd] = body }
    func forget(_ fd: Int32) { sockets[fd] = nil }

    func schedule(
        afterMilliseconds delay: Int64, _ body: @escaping () -> Void
    ) -> any HostTimer { add(delay, nil, body) }

    func repeating(
        everyMilliseconds period: Int64, _ body: @escaping () -> Void
    ) -> any HostTimer { add(period, period, body) }

    private func add(
        _ delay: Int64, _ period: Int64?, _ body: @escaping () -> Void
    ) -> PollingTimer {
        let timer = PollingTimer(deadline: nowMilliseconds + delay, period: period, body: body)
        timers.append(timer)
        return timer
    }

    func deferred(_ body: @escaping () -> Void) { due.append(body) }

    func log(_ level: HostLogLevel, _ module: String, _ text: String) {
        if level != .dbg { messages.append("\(module)|\(text)") }
    }

    func dial(_ target: String, _ settings: DialSettings) throws(HostError) -> any DialedStream {
        guard target.hasPrefix("unix:") else { throw HostError("unix: only") }
        return PollingDialer(host: self, path: String(target.dropFirst(5)))
    }

    func listen(
        _ target: String, _ settings: DialSettings, onAccept: @escaping (any ByteStream) -> Void
    ) throws(HostError) -> any HostListener {
        guard target.hasPrefix("punix:") else { throw HostError("punix: only") }
        let path = String(target.dropFirst(6))
        unlink(path)
        guard let fd = UnixAddress(path).open({ bind($0, $1, $2) }), Glibc.listen(fd, 8) == 0
        else { throw HostError("cannot listen on \(path)") }
        watch(fd) { [unowned self] in
            let peer = accept(fd, nil, nil)
            if peer >= 0 { onAccept(PollingStream(host: self, fd: peer, name: path)) }
        }
        return PollingListener(host: self, fd: fd, path: path)
    }

    func setTLS(_ files: TLSSettings?) {}
    func setAddress(_ address: UInt64, ofDevice name: String, _ info: PortInfo) -> String? { nil }
    func setMTU(_ mtu: UInt32, ofDevice name: String, _ info: PortInfo) -> String? { nil }
}

final class PollingTimer: HostTimer {
    private(set) var deadline: Int64
    private let period: Int64?
    private var body: (() -> Void)?
    init(deadline: Int64, period: Int64?, body: @escaping () -> Void) {
        self.deadline = deadline
        self.period = period
        self.body = body
    }
    var isCancelled: Bool { body == nil }
    func cancel() { body = nil }
    func fire(_ now: Int64) {
        let body = body
        if let period { deadline = now + period } else { self.body = nil }
        body?()
    }
}

final class PollingListener: HostListener {
    private unowned let host: PollingHost
    private let fd: Int32
    private let path: String
    init(host: PollingHost, fd: Int32, path: String) {
        self.host = host
        self.fd = fd
        self.path = path
    }
    func close() {
        host.forget(fd)
        Glibc.close(fd)
        unlink(path)
    }
}

final class PollingStream: ByteStream {
    let name: String
    var onBytes: (([UInt8]) -> Void)?
    var onDrained: (() -> Void)?
    var isReading = true
    let pendingBytes = 0
    private(set) var isOpen = true
    private unowned let host: PollingHost
    private let fd: Int32
    private var onEnd: ((String) -> Void)?
    /// For the dialler: the peer ended it.
    var onLost: (() -> Void)?

    init(host: PollingHost, fd: Int32, name: String) {
        self.host = host
        self.fd = fd
        self.name = name
        host.watch(fd) { [unowned self] in self.read() }
    }

    private func read() {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = Glibc.read(fd, &buffer, buffer.count)
        guard count > 0 else {
            let onEnd = onEnd
            close()
            onEnd?("End of file")
            onLost?()
            return
        }
        onBytes?(Array(buffer[..<count]))
    }

    func write(_ bytes: [UInt8]) {
        var sent = 0
        while isOpen, sent < bytes.count {
            let count = bytes.withUnsafeBytes { raw in
                Glibc.send(
                    fd, raw.baseAddress.map { $0 + sent }, raw.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    func close() {
        guard isOpen else { return }
        isOpen = false
        onEnd = nil
        host.forget(fd)
        Glibc.close(fd)
    }

    func whenClosed(_ body: @escaping (String) -> Void) { onEnd = body }
}

/// Dials every 200 ms until it is answered, and again when the connection has ended.
final class PollingDialer: DialedStream {
    private unowned let host: PollingHost
    private let path: String
    private var stream: PollingStream?
    private var timer: (any HostTimer)?
    private var onConnected: ((any ByteStream) -> Void)?
    private var onDisconnected: (() -> Void)?
    var backoffMillisecondsMax: Int64 = 8000
    var probeMilliseconds: Int64?

    init(host: PollingHost, path: String) {
        self.host = host
        self.path = path
    }

    var isConnected: Bool { stream != nil }
    var statusPairs: [String: String] { ["state": isConnected ? "ACTIVE" : "BACKOFF"] }

    func start(
        onConnected: @escaping (any ByteStream) -> Void, onDisconnected: @escaping () -> Void,
        onProbe: @escaping () -> Void
    ) {
        self.onConnected = onConnected
        self.onDisconnected = onDisconnected
        timer = host.repeating(everyMilliseconds: 50) { [weak self] in self?.attempt() }
    }

    private func attempt() {
        guard stream == nil, let fd = UnixAddress(path).open({ connect($0, $1, $2) }) else {
            return
        }
        let stream = PollingStream(host: host, fd: fd, name: path)
        self.stream = stream
        onConnected?(stream)
        stream.onLost = { [weak self] in self?.lost() }
    }

    private func lost() {
        stream = nil
        onDisconnected?()
    }

    func stop() {
        timer?.cancel()
        stream?.close()
        stream = nil
    }

    func reconnect() {
        guard let stream else { return }
        stream.close()
        lost()
    }
}

/// The address of a UNIX socket.
struct UnixAddress {
    private let path: String
    init(_ path: String) { self.path = path }

    /// Opens a socket and calls `body` with its address; nil if that fails.
    func open(_ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32? {
        let fd = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard fd >= 0 else { return nil }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let status = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body(fd, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else {
            close(fd)
            return nil
        }
        return fd
    }
}
