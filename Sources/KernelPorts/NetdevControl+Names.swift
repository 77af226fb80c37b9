// The verbs of `NetdevControl` on plain device names, for the control room.

extension NetdevControl {
    /// The index of a device; `.noDevice` when there is none of this name.
    public func index(of device: String) throws(KernelPortError) -> Int32 {
        try index(of: DeviceName(device))
    }

    /// Whether a device of this name exists.
    public func exists(_ device: String) -> Bool {
        (try? index(of: device)) != nil
    }

    public func mtu(of device: String) throws(KernelPortError) -> Int {
        try mtu(of: DeviceName(device))
    }

    public func setMTU(_ mtu: Int, of device: String) throws(KernelPortError) {
        try setMTU(mtu, of: DeviceName(device))
    }

    public func isUp(_ device: String) throws(KernelPortError) -> Bool {
        try flags(of: DeviceName(device)) & UInt16(LinuxABI.flagUp) != 0
    }

    public func setUp(_ up: Bool, of device: String) throws(KernelPortError) {
        try setUp(up, of: DeviceName(device))
    }

    /// The six bytes of the device's MAC address.
    public func hardwareAddress(of device: String) throws(KernelPortError) -> [UInt8] {
        try hardwareAddress(of: DeviceName(device))
    }

    public func setHardwareAddress(_ mac: [UInt8], of device: String) throws(KernelPortError) {
        try setHardwareAddress(mac, of: DeviceName(device))
    }

    /// How the link is and what it could be; nil where the driver does not tell.
    public func linkMode(of device: String) -> LinkMode? {
        // ethtool_cmd: u32 supported at 4, advertised at 8; speed u16 at 12, duplex u8 at 14, port
        // at 15, autonegotiation at 18, high half of the speed at 28, u32 of the partner at 32.
        var bytes = [UInt8](repeating: 0, count: 44)
        bytes[0] = 1  // ETHTOOL_GSET
        guard let name = try? DeviceName(device), (try? ethtool(&bytes, of: name)) != nil else {
            return nil
        }
        let low = UInt32(bytes[12]) | UInt32(bytes[13]) << 8
        let high = UInt32(bytes[28]) | UInt32(bytes[29]) << 8
        let speed = high << 16 | low
        let isKnown = speed != 0 && speed != 0xffff && speed != 0xffff_ffff
        func word(_ start: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << UInt32(8 * $1) }
        }
        var mode = LinkMode()
        mode.megabitsPerSecond = isKnown ? speed : nil
        mode.isFullDuplex = bytes[14] <= 1 ? bytes[14] == 1 : nil
        mode.isCopper = bytes[15] == 0
        mode.isFiber = bytes[15] == 3
        mode.autonegotiates = bytes[18] != 0
        mode.supported = word(4)
        mode.advertised = word(8)
        mode.partner = word(32)
        return mode
    }

    /// Name, version and firmware version of the device's driver, for `Interface.status`.
    public func driver(
        of device: String
    ) -> (name: String, version: String, firmware: String)? {
        // ethtool_drvinfo: command u32, then three texts of 32 bytes.
        var bytes = [UInt8](repeating: 0, count: 196)
        bytes[0] = 3  // ETHTOOL_GDRVINFO
        guard let name = try? DeviceName(device), (try? ethtool(&bytes, of: name)) != nil else {
            return nil
        }
        func text(_ start: Int) -> String {
            String(decoding: bytes[start..<start + 32].prefix { $0 != 0 }, as: UTF8.self)
        }
        return (text(4), text(36), text(68))
    }
}
