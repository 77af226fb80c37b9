// The one thread of the control room. Everything in it (streams, sessions, bridges, the database
// replica) is confined to this thread and needs no lock, as in OVS's main loop.
//
// How to live on it: build the whole world inside one `run` closure, where ordinary classes may be
// made and captured freely; from then on every callback (`schedule`, `watch`, a stream's `onBytes`)
// comes on the loop. What arrives on another thread enters through `run`. A closure that blocks
// stops the control room, though never the engine room.

import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// The event loop that the control room runs on.
///
/// **Owner** the methods marked "any thread" may be called from anywhere; all others only on the
/// loop, which they check.
public final class ControlLoop: Sendable {
    /// NIO's loop; for this module's own use.
    let eventLoop: any EventLoop
    private let group: MultiThreadedEventLoopGroup
    private let stateBox: NIOLoopBoundBox<State?>
    private let exitStatus = Mutex<Int32?>(nil)
    private let stopped = StopSignal()
    private let watcher = DescriptorPoller()

    /// What the loop's thread owns.
    final class State {
        var timers = TimerQueue()
        var armed: (deadlineMilliseconds: Int64, task: Scheduled<Void>)?
        var clockOffsetMilliseconds: Int64 = 0
        var frozenMilliseconds: Int64?
        var kept: [AnyObject] = []
        var isFiring = false
        var hasWarped = false
        var onClockChange: ((_ stopped: Int64?, _ warp: Int64) -> Void)?
    }

    /// Starts the loop's thread. Fork before, never after.
    public init() {
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        eventLoop = group.any()
        stateBox = NIOLoopBoundBox.makeEmptyBox(eventLoop: eventLoop)
        let box = stateBox
        eventLoop.execute { box.value = State() }
    }

    private var state: State {
        guard let state = stateBox.value else { preconditionFailure("the loop has shut down") }
        return state
    }

    // MARK: Any thread

    /// Whether the caller is on the loop. Any thread.
    public var isOnLoop: Bool { eventLoop.inEventLoop }

    /// Executes `body` on the loop, soon. Any thread.
    public func run(_ body: @escaping @Sendable () -> Void) {
        eventLoop.execute(body)
    }

    /// Executes `body` on the loop and waits for its result. Any thread but the loop's.
    public func runAndWait<Success: Sendable>(
        _ body: @escaping @Sendable () throws -> Success
    ) throws -> Success {
        try eventLoop.submit(body).wait()
    }

    /// Makes `runUntilStopped` return `status`; the first call counts. Any thread.
    public func stop(status: Int32 = 0) {
        exitStatus.withLock { if $0 == nil { $0 = status } }
        stopped.post()
    }

    /// Waits until `stop`, and returns its status. The main thread.
    public func runUntilStopped() -> Int32 {
        stopped.wait()
        return exitStatus.withLock { $0 ?? 0 }
    }

    /// Ends the loop's thread, closing what is still open. Any thread but the loop's.
    public func shutdown() {
        let box = stateBox
        try? eventLoop.submit { box.value?.kept.removeAll() }.wait()
        watcher.stop()
        try? group.syncShutdownGracefully()
    }

    // MARK: On the loop

    /// Executes `body` after what the loop is at now, before it waits again.
    public func deferred(_ body: @escaping () -> Void) {
        eventLoop.assumeIsolated().execute(body)
    }

    /// Keeps `object` alive until the loop shuts down.
    public func keep(_ object: AnyObject) { state.kept.append(object) }

    /// The loop's monotonic clock, which `stopTime` and `warpTime` act upon.
    public var nowMilliseconds: Int64 {
        let state = state
        let base = state.frozenMilliseconds ?? ControlClock.monotonicMilliseconds()
        return base &+ state.clockOffsetMilliseconds
    }

    /// Executes `body` once, after a delay.
    @discardableResult
    public func schedule(
        afterMilliseconds delay: Int64, _ body: @escaping () -> Void
    ) -> ControlTimer {
        let bounded = min(max(delay, 0), Self.delayMillisecondsMax)
        return add(
            ControlTimer(
                deadlineMilliseconds: nowMilliseconds + bounded, periodMilliseconds: nil,
                body: body))
    }

    /// Executes `body` every `period`, for the first time one period from now.
    public func repeating(
        everyMilliseconds period: Int64, _ body: @escaping () -> Void
    ) -> ControlTimer {
        let bounded = min(max(period, 1), Self.delayMillisecondsMax)
        return add(
            ControlTimer(
                deadlineMilliseconds: nowMilliseconds + bounded, periodMilliseconds: bounded,
                body: body))
    }

    /// Calls `onReadable` on the loop whenever `fd` has something to read (or has failed). The
    /// descriptor stays the caller's, who cancels the watch before closing it.
    ///
    /// **Cost** two thread hops an event: for sockets that see few.
    public func watch(
        fileDescriptor fd: Int32, onReadable: @escaping () -> Void
    ) -> DescriptorWatch {
        eventLoop.preconditionInEventLoop()
        return watcher.add(fd, loop: self, onReadable: onReadable)
    }

    /// Stops the loop's clock; only `warpTime` moves it from now on (`time/stop`, for tests).
    public func stopTime() {
        let state = state
        guard state.frozenMilliseconds == nil else { return }
        state.frozenMilliseconds = ControlClock.monotonicMilliseconds()
        tellClock(state)
        rearm()
    }

    /// Moves the loop's clock forward and fires what became due (`time/warp`, for tests).
    public func warpTime(byMilliseconds step: Int64) {
        let state = state
        state.clockOffsetMilliseconds &+= min(max(step, 0), Self.delayMillisecondsMax)
        state.hasWarped = true
        tellClock(state)
        fireDueTimers()
    }

    /// Calls `body` whenever the clock is stopped or warped, before timers fire for it: with the
    /// time it stands at (nil while it runs) and by how much it has been moved forward in all.
    public func whenClockChanges(_ body: @escaping (_ stopped: Int64?, _ warp: Int64) -> Void) {
        state.onClockChange = body
    }

    private func tellClock(_ state: State) {
        state.onClockChange?(state.frozenMilliseconds, state.clockOffsetMilliseconds)
    }

    /// The longest delay: beyond it a timer may as well never fire.
    private static let delayMillisecondsMax: Int64 = 1 << 40

    private func add(_ timer: ControlTimer) -> ControlTimer {
        state.timers.add(timer)
        rearm()
        return timer
    }

    /// Makes NIO wake us for the earliest timer.
    private func rearm() {
        let state = state
        guard !state.isFiring else { return }
        var next = state.timers.nextDeadlineMilliseconds()
        // A stopped clock reaches no deadline that it has not passed already.
        if state.frozenMilliseconds != nil, let due = next, due > nowMilliseconds { next = nil }
        if let armed = state.armed {
            if armed.deadlineMilliseconds == next { return }
            armed.task.cancel()
            state.armed = nil
        }
        guard let next else { return }
        // One more than the rest, since the clock's milliseconds are rounded down.
        let delay = max(0, next - nowMilliseconds) + 1
        let task = eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(delay)) {
            [weak self] in
            self?.state.armed = nil
            self?.fireDueTimers()
        }
        state.armed = (next, task)
    }

    private func fireDueTimers() {
        let state = state
        guard !state.isFiring else { return }
        state.isFiring = true
        repeat {
            // A timer that warps the clock makes others due.
            state.hasWarped = false
            let now = nowMilliseconds
            while let body = state.timers.takeDue(nowMilliseconds: now) { body() }
        } while state.hasWarped
        state.isFiring = false
        rearm()
    }
}

/// A semaphore that the main thread waits on.
private final class StopSignal: Sendable {
    // SAFETY: the semaphore is only touched through sem_post and sem_wait, which are thread safe,
    // and lives as long as this object.
    nonisolated(unsafe) private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }
    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }
    func post() { sem_post(semaphore) }
    func wait() { while sem_wait(semaphore) != 0, errno == EINTR {} }
}
