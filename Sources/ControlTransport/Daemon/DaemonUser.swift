// Becomes another user and keeps only the capabilities that a switch needs (`--user`). Before any
// thread, since capabilities belong to threads.

import Glibc

enum DaemonUser {
    /// CAP_NET_BIND_SERVICE, CAP_NET_BROADCAST, CAP_NET_ADMIN, CAP_NET_RAW, CAP_IPC_LOCK.
    private static let capabilities: [UInt32] = [10, 11, 12, 13, 14]

    /// Becomes `user`, `user:group` or `:group`. The log file goes over to the new user.
    ///
    /// **Source** ovs-vswitchd(8), `--user`.
    static func become(_ text: String, logFile: String?) throws(DaemonError) {
        guard geteuid() == 0, getuid() == 0 else {
            throw DaemonError(message: "only root can use --user option")
        }
        let (name, user, group) = try resolve(text)
        if let logFile, chown(logFile, user, group) != 0 {
            throw failure("Failed to change \(logFile) ownership")
        }
        try dropBoundingSet()
        guard control(PR_SET_KEEPCAPS, 1) == 0 else { throw failure("prctl") }
        guard initgroups(name, group) == 0 else {
            throw failure("fail to add supplementary group gid \(group), aborting")
        }
        guard setgid(group) == 0, getgid() == group, getegid() == group else {
            throw failure("fail to switch group to gid as \(group), aborting")
        }
        guard setuid(user) == 0, getuid() == user, geteuid() == user else {
            throw failure("fail to switch user to \(name), aborting")
        }
        try keepCapabilities()
    }

    private static func resolve(
        _ text: String
    ) throws(DaemonError) -> (name: String, user: uid_t, group: gid_t) {
        let trimmed = text.drop { " \t\r\n".contains($0) }
        let name = trimmed.prefix { $0 != ":" }
        guard let user = name.isEmpty ? getpwuid(getuid()) : getpwnam(String(name)) else {
            throw DaemonError(message: "user \(name) not found, aborting.")
        }
        let userName = String(cString: user.pointee.pw_name)
        let identity = (userName, user.pointee.pw_uid, user.pointee.pw_gid)
        let groupName = trimmed.dropFirst(name.count + 1).drop { " \t\r\n".contains($0) }
        guard !groupName.isEmpty else { return identity }
        guard let group = getgrnam(String(groupName)) else {
            throw DaemonError(message: "group \(groupName) not found, aborting.")
        }
        let gid = group.pointee.gr_gid
        guard gid == identity.2 || has(group.pointee, member: userName) else {
            throw DaemonError(
                message: "Invalid --user option \(text) (user \(userName) is not in group "
                    + "\(groupName)), aborting.")
        }
        return (userName, identity.1, gid)
    }

    private static func has(_ group: group, member: String) -> Bool {
        guard var next = group.gr_mem else { return false }
        while let name = next.pointee {
            if String(cString: name) == member { return true }
            next += 1
        }
        return false
    }

    /// What cannot be regained by executing a set-uid program.
    private static func dropBoundingSet() throws(DaemonError) {
        for capability in UInt(0)..<64 where !capabilities.contains(UInt32(capability)) {
            if control(PR_CAPBSET_DROP, capability) != 0 {
                guard errno == EINVAL else { throw failure("prctl(PR_CAPBSET_DROP)") }
                return
            }
        }
    }

    private static func keepCapabilities() throws(DaemonError) {
        let mask = capabilities.reduce(UInt32(0)) { $0 | 1 << $1 }
        // struct __user_cap_header_struct: version 3, this thread; then two sets of three words.
        var header: [UInt32] = [0x2008_0522, 0]
        var sets: [UInt32] = [mask, mask, 0, 0, 0, 0]
        typealias Capset = @convention(c) (
            UnsafeMutableRawPointer, UnsafeMutableRawPointer
        ) -> Int32
        // SAFETY: capset has this type, and both buffers are as long as it reads.
        guard let symbol = dlsym(nil, "capset"),
            unsafeBitCast(symbol, to: Capset.self)(&header, &sets) == 0
        else { throw failure("capset") }
    }

    private static let PR_SET_KEEPCAPS: Int32 = 8
    private static let PR_CAPBSET_DROP: Int32 = 24

    /// prctl(2), which Swift cannot call as it takes any number of arguments.
    private static func control(_ option: Int32, _ value: UInt) -> Int32 {
        typealias Prctl = @convention(c) (Int32, UInt, UInt, UInt, UInt) -> Int32
        // SAFETY: on Linux's ABIs integer arguments go to a variadic function as to any other.
        guard let symbol = dlsym(nil, "prctl") else { return -1 }
        return unsafeBitCast(symbol, to: Prctl.self)(option, value, 0, 0, 0)
    }

    private static func failure(_ what: String) -> DaemonError {
        DaemonError(message: "\(what) (\(SystemError.text(errno)))")
    }
}
