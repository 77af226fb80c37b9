// A subscription to the kernel's news of devices, and of addresses, routes and neighbours. The
// control room polls its descriptor and drains it; nothing here waits.

import Glibc

/// News of kernel devices in the network namespace of the thread that made it.
public struct LinkMonitor: Sendable {
    private let socketDescriptor: Int32

    /// - Parameter includesRoutes: also tell of addresses, routes and neighbours, as tunnels need.
    public init(includesRoutes: Bool = false) throws(KernelPortError) {
        // RTMGRP_LINK; NEIGH, IPV4_IFADDR, IPV4_ROUTE, IPV6_IFADDR, IPV6_ROUTE.
        let groups: UInt32 = includesRoutes ? 0x1 | 0x4 | 0x10 | 0x40 | 0x100 | 0x400 : 0x1
        socketDescriptor = try NetlinkSocket(groups: groups, isBlocking: false).fileDescriptor
    }

    /// Readable when there is news.
    public var fileDescriptor: Int32 { socketDescriptor }

    public func close() { Glibc.close(socketDescriptor) }

    /// All news since the last call, oldest first.
    ///
    /// **Shape**: at most some 4,000 datagrams a call; the rest stays for the next.
    public func drain() -> [LinkEvent] {
        var events: [LinkEvent] = []
        let socket = NetlinkSocket(adopting: socketDescriptor)
        for _ in 0..<4096 {
            do throws(KernelPortError) {
                guard let datagram = try socket.receive() else { break }
                for message in NetlinkMessage.parse(datagram) {
                    LinkMonitor.append(message, to: &events)
                }
            } catch {
                // ENOBUFS: the kernel had more to say than the buffer holds.
                events.append(.overrun)
                if error != .system(call: "netlink receive", number: ENOBUFS) { break }
            }
        }
        return events
    }

    private static func append(_ message: NetlinkMessage, to events: inout [LinkEvent]) {
        let event: LinkEvent
        switch message.type {
        case LinuxABI.newLink:
            guard let link = LinkInfo(message) else { return }
            event = .changed(link)
        case LinuxABI.deleteLink:
            guard let link = LinkInfo(message) else { return }
            event = .removed(index: link.index, name: link.name)
        case LinuxABI.newAddress, LinuxABI.deleteAddress: event = .addressesChanged
        case LinuxABI.newRoute, LinuxABI.deleteRoute: event = .routesChanged
        case LinuxABI.newNeighbour, LinuxABI.deleteNeighbour: event = .neighboursChanged
        default: return
        }
        if events.last != event { events.append(event) }
    }
}

extension NetlinkSocket {
    /// Uses a socket that is already open.
    init(adopting fileDescriptor: Int32) { self.fileDescriptor = fileDescriptor }
}
