// Reading devices through rtnetlink.

import PacketBuffer

extension LinkInfo {
    /// Every device of the thread's network namespace.
    public static func all() throws(KernelPortError) -> [LinkInfo] {
        try query(index: 0, flags: LinuxABI.flagDump, name: nil)
    }

    /// The device called `name`, statistics included.
    public static func of(_ name: String) throws(KernelPortError) -> LinkInfo {
        let checked = try DeviceName(name)
        guard let link = try query(index: 0, flags: LinuxABI.flagAck, name: checked).first else {
            throw .noDevice
        }
        return link
    }

    /// The device with this index.
    public static func of(index: Int32) throws(KernelPortError) -> LinkInfo {
        guard index > 0,
            let link = try query(index: index, flags: LinuxABI.flagAck, name: nil).first
        else { throw .noDevice }
        return link
    }

    private static func query(
        index: Int32, flags: UInt16, name: DeviceName?
    ) throws(KernelPortError) -> [LinkInfo] {
        let socket = try NetlinkSocket(groups: 0, isBlocking: true)
        defer { socket.close() }
        // ifinfomsg: family u8, pad u8, type u16, index i32, flags u32, change u32.
        var body = [UInt8](repeating: 0, count: 16)
        for byte in 0..<4 { body[4 + byte] = UInt8(truncatingIfNeeded: index >> (8 * byte)) }
        if let name {
            let text = name.bytes + [0]
            body += [UInt8(4 + text.count), 0, 3, 0] + text  // IFLA_IFNAME
            while body.count % 4 != 0 { body.append(0) }
        }
        return try socket.request(LinuxABI.getLink, flags: flags, body: body)
            .compactMap { LinkInfo($0) }
    }

    /// Reads an RTM_NEWLINK or RTM_DELLINK message. Those of a bridge's family are about its ports,
    /// not about devices.
    init?(_ message: NetlinkMessage) {
        guard message.type == LinuxABI.newLink || message.type == LinuxABI.deleteLink,
            message.body.count >= 16, message.body.first == 0
        else { return nil }
        self.init(index: Int32(bitPattern: message.body.netlink32(4)))
        flags = message.body.netlink32(8)
        for (type, value) in message.attributes(after: 16) {
            switch type {
            case 1 where value.count == 6: hardwareAddress = Array(value)
            case 3: name = value.netlinkText
            case 4: mtu = Int(value.netlink32(0))
            case 10: masterIndex = Int32(bitPattern: value.netlink32(0))
            case 18:  // IFLA_LINKINFO
                for (inner, text) in NetlinkMessage.attributes(value) where inner == 1 {
                    kind = text.netlinkText
                }
            case 23: statistics = PortCounters(linkStatistics: value)
            case 33: hasCarrier = value.first == 1
            case 35: carrierChanges = value.netlink32(0)
            default: break
            }
        }
    }
}

extension PortCounters {
    /// Reads a `rtnl_link_stats64`.
    init(linkStatistics value: ArraySlice<UInt8>) {
        self.init()
        func word(_ index: Int) -> UInt64 { value.netlink64(index * 8) }
        (rxPackets, txPackets, rxBytes, txBytes) = (word(0), word(1), word(2), word(3))
        (rxErrors, txErrors, rxDropped, txDropped) = (word(4), word(5), word(6), word(7))
        (multicast, collisions) = (word(8), word(9))
        (rxOverErrors, rxCRCErrors, rxFrameErrors) = (word(11), word(12), word(13))
        rxMissedErrors = word(15)
    }
}
