// What the control room asks of a DPDK device and sets on it.

import CDPDK
import PacketBuffer

extension DPDKPort {
    /// The link, as far as the driver tells.
    public struct Link: Sendable, Equatable {
        public var isUp: Bool
        public var isFullDuplex: Bool
        public var megabitsPerSecond: UInt32?
    }

    public var link: Link? {
        var raw = vd_device_link()
        guard vd_device_link_get(state.pointee.deviceID, &raw) == 0 else { return nil }
        let isKnown = raw.megabits != 0 && raw.megabits != .max
        return Link(
            isUp: raw.up, isFullDuplex: raw.full_duplex,
            megabitsPerSecond: isKnown ? raw.megabits : nil)
    }

    /// The device's own statistics, with what we dropped before it.
    public var statistics: PortCounters {
        var total = counters
        var raw = vd_device_statistics()
        guard vd_device_statistics_get(state.pointee.deviceID, &raw) == 0 else { return total }
        total.rxDropped &+= raw.rx_missed &+ raw.rx_no_buffer
        total.rxMissedErrors &+= raw.rx_missed
        total.rxErrors &+= raw.rx_errors
        total.txErrors &+= raw.tx_errors
        return total
    }

    /// The driver's extended statistics, at most 256.
    public var extendedStatistics: [(name: String, value: UInt64)] {
        var names = [CChar](repeating: 0, count: 256 * 64)
        var values = [UInt64](repeating: 0, count: 256)
        let found = vd_device_xstats(state.pointee.deviceID, &names, &values, 256)
        return (0..<Int(max(0, found))).map { index in
            let text = names[index * 64..<(index + 1) * 64].prefix { $0 != 0 }
            return (
                String(decoding: text.map { UInt8(bitPattern: $0) }, as: UTF8.self), values[index]
            )
        }
    }

    /// Names of the driver and of the device, and its queue limits, for `Interface.status`.
    public var description: (driver: String, device: String, receiveQueuesMax: Int, socket: Int)? {
        var raw = vd_device_info()
        guard vd_device_info_get(state.pointee.deviceID, &raw) >= 0 else { return nil }
        let driver = withUnsafeBytes(of: raw.driver) { DPDKPort.text($0) }
        let device = withUnsafeBytes(of: raw.name) { DPDKPort.text($0) }
        return (driver, device, Int(raw.rx_queues_max), Int(raw.socket))
    }

    /// The six bytes of the MAC address.
    public var hardwareAddress: [UInt8]? {
        var mac = [UInt8](repeating: 0, count: 6)
        return vd_device_mac_get(state.pointee.deviceID, &mac) == 0 ? mac : nil
    }

    /// Changes the MAC address; false when the device cannot.
    public func setHardwareAddress(_ mac: [UInt8]) -> Bool {
        mac.count == 6 && vd_device_mac_set(state.pointee.deviceID, mac) == 0
    }

    private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}
