// Facts about the process and the machine that the database and the commands show. Read from the
// system when asked for; the control loop.

import Glibc

/// The process itself.
enum ProcessInfo {
    static var pid: Int32 { getpid() }
}
