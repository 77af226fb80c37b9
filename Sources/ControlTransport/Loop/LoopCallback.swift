// A way onto the loop for other threads, with a closure that may hold what only the loop may touch.

import NIOCore

/// A closure of the loop's that any thread may ask for.
///
/// Made on the loop by `ControlLoop.callback`; not for poll threads, since `post` takes a lock:
/// they write to an event descriptor that the loop watches.
public struct LoopCallback: Sendable {
    private let body: NIOLoopBound<() -> Void>
    private let eventLoop: any EventLoop

    init(eventLoop: any EventLoop, body: @escaping () -> Void) {
        self.body = NIOLoopBound(body, eventLoop: eventLoop)
        self.eventLoop = eventLoop
    }

    /// Executes the closure on the loop, soon, once for each call. Any thread.
    public func post() {
        let body = body
        eventLoop.execute { body.value() }
    }
}

extension ControlLoop {
    /// Makes `body` callable from any thread. On the loop.
    public func callback(_ body: @escaping () -> Void) -> LoopCallback {
        LoopCallback(eventLoop: eventLoop, body: body)
    }
}
