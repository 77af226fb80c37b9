// Reading addresses, routes and neighbours through rtnetlink dumps.

extension KernelAddress {
    /// Every address of the thread's network namespace.
    public static func all() throws(KernelPortError) -> [KernelAddress] {
        // ifaddrmsg: family u8, prefix length u8, flags u8, scope u8, index u32.
        try NetlinkSocket.dump(LinuxABI.getAddress, fixedBytes: 8).compactMap { message in
            guard message.type == LinuxABI.newAddress, message.body.count >= 8 else { return nil }
            var found: [UInt8] = []
            for (type, value) in message.attributes(after: 8) {
                // IFA_LOCAL is ours where the link is point-to-point; IFA_ADDRESS else.
                if type == 2 || (type == 1 && found.isEmpty) { found = Array(value) }
            }
            guard let bytes = NetlinkMessage.addressBytes(message.body), found.count == bytes else {
                return nil
            }
            return KernelAddress(
                interfaceIndex: Int32(bitPattern: message.body.netlink32(4)), address: found,
                prefixLength: Int(message.body.netlink8(1)))
        }
    }
}

extension KernelRoute {
    /// Every unicast and local route of the thread's network namespace. Of a multipath route, the
    /// first next hop.
    public static func all() throws(KernelPortError) -> [KernelRoute] {
        try NetlinkSocket.dump(LinuxABI.getRoute, fixedBytes: 12).compactMap { KernelRoute($0) }
    }

    /// rtmsg: family, destination length, source length, tos, table, protocol, scope, type, flags
    /// u32.
    private init?(_ message: NetlinkMessage) {
        let body = message.body
        guard message.type == LinuxABI.newRoute, body.count >= 12,
            let bytes = NetlinkMessage.addressBytes(body)
        else { return nil }
        let kind = body.netlink8(7)
        guard kind == 1 || kind == 2, Int(body.netlink8(1)) <= bytes * 8 else { return nil }
        self.init(
            destination: [UInt8](repeating: 0, count: bytes), prefixLength: Int(body.netlink8(1)))
        isLocal = kind == 2
        table = UInt32(body.netlink8(4))
        for (type, value) in message.attributes(after: 12) {
            switch type {
            case 1 where value.count == bytes: destination = Array(value)
            case 4: interfaceIndex = Int32(bitPattern: value.netlink32(0))
            case 5 where value.count == bytes: gateway = Array(value)
            case 6: metric = value.netlink32(0)
            case 7 where value.count == bytes: preferredSource = Array(value)
            case 9: readFirstHop(value, bytes: bytes)
            case 15: table = value.netlink32(0)
            default: break
            }
        }
    }

    /// rtnexthop: length u16, flags u8, hops u8, index i32, then attributes.
    private mutating func readFirstHop(_ value: ArraySlice<UInt8>, bytes: Int) {
        let length = Int(value.netlink16(0))
        guard length >= 8, length <= value.count else { return }
        interfaceIndex = Int32(bitPattern: value.netlink32(4))
        for (type, inner) in NetlinkMessage.attributes(value.prefix(length).dropFirst(8))
        where type == 5 && inner.count == bytes { gateway = Array(inner) }
    }
}

extension KernelNeighbour {
    /// Every usable neighbour of the thread's network namespace.
    public static func all() throws(KernelPortError) -> [KernelNeighbour] {
        // ndmsg: family u8, pad 3, index i32, state u16, flags u8, type u8.
        try NetlinkSocket.dump(LinuxABI.getNeighbour, fixedBytes: 12).compactMap { message in
            let body = message.body
            guard message.type == LinuxABI.newNeighbour, body.count >= 12,
                let bytes = NetlinkMessage.addressBytes(body)
            else { return nil }
            // Reachable, stale, delay, probe or permanent.
            let state = body.netlink16(8)
            var address: [UInt8] = []
            var mac: [UInt8] = []
            for (type, value) in message.attributes(after: 12) {
                if type == 1 { address = Array(value) }
                if type == 2 { mac = Array(value) }
            }
            guard state & (0x02 | 0x04 | 0x08 | 0x10 | 0x80) != 0, address.count == bytes,
                mac.count == 6
            else { return nil }
            return KernelNeighbour(
                interfaceIndex: Int32(bitPattern: body.netlink32(4)), address: address,
                hardwareAddress: mac, isPermanent: state & 0x80 != 0)
        }
    }
}

extension NetlinkMessage {
    /// Bytes of an address of the family that begins `body`; nil for families that are not IP.
    static func addressBytes(_ body: ArraySlice<UInt8>) -> Int? {
        switch body.first {
        case 2: 4
        case 10: 16
        default: nil
        }
    }
}

extension ArraySlice<UInt8> {
    func netlink8(_ offset: Int) -> UInt8 {
        offset >= 0 && offset < count ? self[startIndex + offset] : 0
    }
}

extension NetlinkSocket {
    /// The messages of one dump over all families.
    static func dump(_ type: UInt16, fixedBytes: Int) throws(KernelPortError) -> [NetlinkMessage] {
        let socket = try NetlinkSocket(groups: 0, isBlocking: true)
        defer { socket.close() }
        return try socket.request(
            type, flags: LinuxABI.flagDump, body: [UInt8](repeating: 0, count: fixedBytes))
    }
}
