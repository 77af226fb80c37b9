// Watches foreign file descriptors (netlink sockets, event descriptors of the poll threads) that
// NIO cannot register. A small thread polls them and hops onto the loop; a descriptor that fired is
// not polled again until its callback has run, so a busy one cannot flood the loop.

import Glibc
import NIOCore
import Synchronization

/// One watched descriptor.
///
/// **Owner** the control loop.
public final class DescriptorWatch {
    let id: UInt64
    private let poller: DescriptorPoller

    init(id: UInt64, poller: DescriptorPoller) {
        self.id = id
        self.poller = poller
    }

    /// Ends the watch; the callback does not come again. Call it before closing the descriptor.
    public func cancel() { poller.remove(id) }
}

/// The thread behind `ControlLoop.watch`. It starts with the first watch.
///
/// **Owner** any thread; a lock inside.
final class DescriptorPoller: Sendable {
    private struct Entry {
        var fd: Int32
        var armed: Bool
        var callback: NIOLoopBound<() -> Void>
        var loop: any EventLoop
    }

    private struct State {
        var entries: [UInt64: Entry] = [:]
        var nextID: UInt64 = 0
        var wakeRead: Int32 = -1
        var wakeWrite: Int32 = -1
        var stopping = false
    }

    private let state = Mutex(State())

    /// Adds a watch; on the loop.
    func add(_ fd: Int32, loop: ControlLoop, onReadable: @escaping () -> Void) -> DescriptorWatch {
        let bound = NIOLoopBound(onReadable, eventLoop: loop.eventLoop)
        let (id, isFirst) = state.withLock { state in
            let id = state.nextID
            state.nextID += 1
            state.entries[id] = Entry(fd: fd, armed: true, callback: bound, loop: loop.eventLoop)
            return (id, state.wakeRead < 0 && openWakePipe(&state))
        }
        if isFirst { startThread() } else { wake() }
        return DescriptorWatch(id: id, poller: self)
    }

    func remove(_ id: UInt64) {
        state.withLock { _ = $0.entries.removeValue(forKey: id) }
        wake()
    }

    func stop() {
        state.withLock { state in
            state.stopping = true
            state.entries.removeAll()
        }
        wake()
    }

    private func openWakePipe(_ state: inout State) -> Bool {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return false }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        (state.wakeRead, state.wakeWrite) = (ends[0], ends[1])
        return true
    }

    private func wake() {
        let fd = state.withLock { $0.wakeWrite }
        guard fd >= 0 else { return }
        var byte: UInt8 = 0
        _ = write(fd, &byte, 1)
    }

    private func startThread() {
        ControlThread.start(name: "watch") { self.poll() }
    }

    private func poll() {
        while let (descriptors, ids) = pollSet() {
            var descriptors = descriptors
            let count = Glibc.poll(&descriptors, nfds_t(descriptors.count), -1)
            if count < 0 && errno != EINTR { usleep(10_000) }
            guard count > 0 else { continue }
            if descriptors[0].revents != 0 { drain(descriptors[0].fd) }
            for (index, id) in ids.enumerated() where descriptors[index + 1].revents != 0 {
                fire(id)
            }
        }
        state.withLock { state in
            close(state.wakeRead)
            close(state.wakeWrite)
            (state.wakeRead, state.wakeWrite) = (-1, -1)
        }
    }

    /// The wake pipe followed by every armed descriptor; nil when it is time to end.
    private func pollSet() -> ([pollfd], [UInt64])? {
        state.withLock { state in
            guard !state.stopping else { return nil }
            var set = [pollfd(fd: state.wakeRead, events: Int16(POLLIN), revents: 0)]
            var ids: [UInt64] = []
            for (id, entry) in state.entries where entry.armed {
                set.append(pollfd(fd: entry.fd, events: Int16(POLLIN), revents: 0))
                ids.append(id)
            }
            return (set, ids)
        }
    }

    private func drain(_ fd: Int32) {
        var bytes = [UInt8](repeating: 0, count: 256)
        while read(fd, &bytes, bytes.count) == bytes.count {}
    }

    /// Disarms a descriptor, runs its callback on the loop and arms it again.
    private func fire(_ id: UInt64) {
        let entry = state.withLock { state in
            state.entries[id]?.armed = false
            return state.entries[id]
        }
        guard let entry else { return }
        entry.loop.execute {
            let live = self.state.withLock { $0.entries[id] != nil }
            guard live else { return }
            entry.callback.value()
            self.state.withLock { $0.entries[id]?.armed = true }
            self.wake()
        }
    }
}
