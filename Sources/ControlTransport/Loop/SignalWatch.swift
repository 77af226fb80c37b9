// Delivers signals to the control loop. `block` comes first in `main`, before any thread starts, so
// that every thread inherits the mask and only the waiting thread here takes the signals.

import Glibc
import NIOCore

/// Signals as ordinary events of the control loop.
public enum SignalWatch {
    /// Blocks `signals` in the calling thread and those it starts; ignores SIGPIPE. The main
    /// thread, before the loop is made.
    public static func block(_ signals: [Int32]) {
        var set = makeSet(signals)
        pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    /// Calls `handler` on the loop for each of `signals` that comes, for the rest of the process.
    /// On the loop.
    public static func start(
        _ signals: [Int32], on loop: ControlLoop, _ handler: @escaping (Int32) -> Void
    ) {
        let handler = NIOLoopBound(handler, eventLoop: loop.eventLoop)
        ControlThread.start(name: "signals") {
            var set = makeSet(signals)
            while true {
                var signal: Int32 = 0
                guard sigwait(&set, &signal) == 0 else { return }
                let arrived = signal
                loop.run { handler.value(arrived) }
            }
        }
    }

    /// Ends the process by `signal` itself, so that whoever waits for it sees the cause. Files
    /// registered with `ExitFiles` are removed first.
    public static func dieBy(_ signal: Int32) -> Never {
        ExitFiles.removeAll()
        Glibc.signal(signal, SIG_DFL)
        var set = makeSet([signal])
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
        kill(getpid(), signal)
        while true { pause() }
    }

    private static func makeSet(_ signals: [Int32]) -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        return set
    }
}
