// A tiny OpenFlow switch on a UNIX socket for the real tools to talk to: one thread, one poll loop,
// no engine behind it.

import Foundation
import Glibc
import OpenFlow

@testable import Ofproto

/// Serves one bridge. Everything of the bridge happens on the server's thread; `run` gets there.
final class OpenFlowServer: @unchecked Sendable {
    let path: String
    private let listener: Int32
    private let wake: (read: Int32, write: Int32)
    private var connections: [Int32: Connection] = [:]
    private let lock = NSLock()
    private var jobs: [(Switch) -> Void] = []
    private var isStopped = false
    private let done = DispatchSemaphore(value: 0)

    /// What lives on the server's thread.
    struct Switch {
        let datapath: FakeDatapath
        let bridges: BridgeSet
        let bridge: OfprotoBridge
    }
    private final class Connection {
        let session: OpenFlowSession
        var output: [UInt8] = []
        var shallClose = false
        init(_ session: OpenFlowSession) { self.session = session }
    }

    init?(path: String) {
        self.path = path
        unlink(path)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < 100 else { return nil }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        var pipes: [Int32] = [0, 0]
        guard bound == 0, listen(descriptor, 16) == 0, pipe(&pipes) == 0 else { return nil }
        listener = descriptor
        wake = (pipes[0], pipes[1])
    }

    /// Starts the thread; `configure` gets the new bridge first.
    func start(_ configure: @escaping @Sendable (Switch) -> Void) {
        let thread = Thread { [self] in serve(configure) }
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// Runs `job` on the server's thread and waits for it.
    func run<T>(_ job: @escaping (Switch) -> T) -> T {
        let finished = DispatchSemaphore(value: 0)
        nonisolated(unsafe) var result: T?
        lock.withLock {
            jobs.append { result = job($0); finished.signal() }
        }
        poke()
        finished.wait()
        guard let result else { fatalError("the job did not run") }
        return result
    }

    func stop() {
        lock.withLock { isStopped = true }
        poke()
        done.wait()
        unlink(path)
    }

    private func poke() {
        var byte: UInt8 = 1
        _ = Glibc.write(wake.write, &byte, 1)
    }

    private func serve(_ configure: (Switch) -> Void) {
        let datapath = FakeDatapath()
        let bridges = BridgeSet(control: datapath)
        var settings = BridgeSettings(name: "br0")
        settings.failMode = .secure
        settings.datapathID = 0x1
        guard let bridge = bridges.addBridge(settings) else { fatalError("no bridge") }
        let parts = Switch(datapath: datapath, bridges: bridges, bridge: bridge)
        configure(parts)
        while !lock.withLock({ isStopped }) {
            turn(parts)
            for job in lock.withLock({ let all = jobs; jobs = []; return all }) { job(parts) }
            datapath.reclaim()
        }
        for descriptor in connections.keys { Glibc.close(descriptor) }
        Glibc.close(listener)
        Glibc.close(wake.read)
        Glibc.close(wake.write)
        done.signal()
    }

    private func turn(_ parts: Switch) {
        var polls = [
            pollfd(fd: listener, events: Int16(POLLIN), revents: 0),
            pollfd(fd: wake.read, events: Int16(POLLIN), revents: 0),
        ]
        for (descriptor, connection) in connections {
            var events = Int16(0)
            if connection.session.wantsInput { events |= Int16(POLLIN) }
            if !connection.output.isEmpty { events |= Int16(POLLOUT) }
            polls.append(pollfd(fd: descriptor, events: events, revents: 0))
        }
        poll(&polls, nfds_t(polls.count), 100)
        if polls[1].revents != 0 {
            var bytes = [UInt8](repeating: 0, count: 64)
            _ = Glibc.read(wake.read, &bytes, bytes.count)
        }
        if polls[0].revents != 0 { accept(parts) }
        for poll in polls[2...] where poll.revents != 0 {
            serve(poll.fd, reading: poll.revents & Int16(POLLIN | POLLHUP) != 0)
        }
    }

    private func accept(_ parts: Switch) {
        let descriptor = Glibc.accept(listener, nil, nil)
        guard descriptor >= 0 else { return }
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        let session = parts.bridge.openSession(name: "unix#\(descriptor)", isPrimary: false)
        let connection = Connection(session)
        connections[descriptor] = connection
        session.send = { [unowned connection] in connection.output += $0 }
        session.pendingByteCount = { [unowned connection] in connection.output.count }
        session.onClose = { [unowned connection] _ in connection.shallClose = true }
        session.start()
        flush(descriptor, connection)
    }

    private func serve(_ descriptor: Int32, reading: Bool) {
        guard let connection = connections[descriptor] else { return }
        if reading {
            var bytes = [UInt8](repeating: 0, count: 1 << 16)
            let count = Glibc.read(descriptor, &bytes, bytes.count)
            if count > 0 {
                connection.session.receive(Array(bytes[..<count]))
            } else if count == 0 || errno != EAGAIN {
                connection.shallClose = true
            }
        }
        flush(descriptor, connection)
        if connection.shallClose {
            connection.session.close()
            Glibc.close(descriptor)
            connections[descriptor] = nil
        }
    }

    private func flush(_ descriptor: Int32, _ connection: Connection) {
        guard !connection.output.isEmpty else { return }
        let count = Glibc.write(descriptor, connection.output, connection.output.count)
        if count > 0 { connection.output.removeFirst(count) }
        if count < 0 && errno != EAGAIN { connection.shallClose = true }
        if connection.output.isEmpty { connection.session.drained() }
    }
}
