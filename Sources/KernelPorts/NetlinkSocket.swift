// One rtnetlink socket: requests with their answers, or a subscription. Control thread only.

import Glibc

/// A bound NETLINK_ROUTE socket in the network namespace of the thread that made it.
struct NetlinkSocket {
    let fileDescriptor: Int32

    /// - Parameter groups: RTMGRP_* bits to subscribe to.
    init(groups: UInt32, isBlocking: Bool) throws(KernelPortError) {
        let type =
            SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue
            | (isBlocking ? 0 : SOCK_NONBLOCK.rawValue)
        let fd = socket(LinuxABI.addressFamilyNetlink, Int32(type), 0)
        guard fd >= 0 else { throw .last("netlink socket") }
        fileDescriptor = fd
        var bytes: Int32 = 1 << 20
        _ = setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, 4)
        if isBlocking {
            // The kernel answers at once; the limit only guards against a bug there.
            var limit = timeval(tv_sec: 2, tv_usec: 0)
            _ = setsockopt(
                fd, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        // sockaddr_nl: family u16, pad u16, pid u32, groups u32.
        var address: (UInt16, UInt16, UInt32, UInt32) = (
            UInt16(LinuxABI.addressFamilyNetlink), 0, 0, groups
        )
        let status = withUnsafePointer(to: &address) {
            bind(fd, UnsafeRawPointer($0).assumingMemoryBound(to: sockaddr.self), 12)
        }
        guard status == 0 else {
            let failure = KernelPortError.last("netlink bind")
            Glibc.close(fd)
            throw failure
        }
    }

    func close() { Glibc.close(fileDescriptor) }

    /// One datagram from the kernel; nil when none waits.
    func receive() throws(KernelPortError) -> ArraySlice<UInt8>? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        // sockaddr_nl of the sender: only the kernel (pid 0) is believed.
        var sender: (UInt16, UInt16, UInt32, UInt32) = (0, 0, 0, 0)
        var senderBytes: socklen_t = 12
        let got = withUnsafeMutablePointer(to: &sender) {
            recvfrom(
                fileDescriptor, &buffer, buffer.count, 0,
                UnsafeMutableRawPointer($0).assumingMemoryBound(to: sockaddr.self), &senderBytes)
        }
        if got < 0 {
            if errno == EAGAIN || errno == EINTR { return nil }
            throw .last("netlink receive")
        }
        return sender.2 == 0 ? buffer[..<got] : []
    }

    /// Sends a request and collects the messages of its answer, until its end or its
    /// acknowledgement.
    func request(
        _ type: UInt16, flags: UInt16, body: [UInt8]
    ) throws(KernelPortError) -> [NetlinkMessage] {
        let sequence: UInt32 = 1
        var message: [UInt8] = []
        func append(_ value: UInt32, bytes: Int) {
            for index in 0..<bytes {
                message.append(UInt8(truncatingIfNeeded: value >> (8 * index)))
            }
        }
        append(UInt32(16 + body.count), bytes: 4)
        append(UInt32(type), bytes: 2)
        append(UInt32(flags | LinuxABI.flagRequest), bytes: 2)
        append(sequence, bytes: 4)
        append(0, bytes: 4)
        message += body
        guard send(fileDescriptor, message, message.count, 0) == message.count else {
            throw .last("netlink send")
        }
        var answer: [NetlinkMessage] = []
        while true {
            guard let datagram = try receive() else { throw .badReply }
            for part in NetlinkMessage.parse(datagram) where part.sequence == sequence {
                if part.type == LinuxABI.messageDone { return answer }
                if part.type == LinuxABI.messageError {
                    let number = -Int32(bitPattern: part.body.netlink32(0))
                    if number == 0 { return answer }
                    throw number == ENODEV
                        ? .noDevice : .system(call: "netlink", number: number)
                }
                answer.append(part)
            }
        }
    }
}
