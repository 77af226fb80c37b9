// What the log remembers about a thread: its name and how many messages it wrote.

import Glibc

/// A thread's name and message count, kept in thread-specific storage.
///
/// **Owner** the thread itself.
final class VLogThread {
    var name = ""
    var sequence: UInt32 = 0

    // SAFETY: the key is made once, before its first use, and each value is retained by its own
    // thread until the key's destructor releases it.
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key) { pointer in
            if let pointer { Unmanaged<VLogThread>.fromOpaque(pointer).release() }
        }
        return key
    }()

    /// The calling thread's.
    static var current: VLogThread {
        if let pointer = pthread_getspecific(key) {
            return Unmanaged<VLogThread>.fromOpaque(pointer).takeUnretainedValue()
        }
        let made = VLogThread()
        pthread_setspecific(key, Unmanaged.passRetained(made).toOpaque())
        return made
    }
}

extension VLog {
    /// Names the calling thread in its messages; empty for the main thread.
    public static func setThreadName(_ name: String) { VLogThread.current.name = name }
}
