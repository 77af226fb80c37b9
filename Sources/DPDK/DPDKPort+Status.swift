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

    /// What the driver tells of itself and the device, in the words of `Interface.status`.
    public var description: [String: String] {
        var raw = vd_device_info()
        let device = state.pointee.deviceID
        guard vd_device_info_get(device, &raw) >= 0 else { return [:] }
        let driver = withUnsafeBytes(of: raw.driver) { DPDKPort.text($0) }
        let bus = withUnsafeBytes(of: raw.bus) { DPDKPort.text($0) }
        var pairs = [
            "driver_name": driver, "port_no": "\(device)", "numa_id": "\(raw.socket)",
            "min_rx_bufsize": "\(raw.rx_buffer_min)", "max_rx_pktlen": "\(raw.rx_packet_max)",
            "max_rx_queues": "\(raw.rx_queues_max)", "max_tx_queues": "\(raw.tx_queues_max)",
            "max_mac_addrs": "\(raw.mac_max)", "max_hash_mac_addrs": "\(raw.hash_mac_max)",
            "max_vfs": "\(raw.vfs_max)", "max_vmdq_pools": "\(raw.pools_max)", "if_type": "6",
            "if_descr": "\(DPDKRuntime.version) \(driver)", "bus_info": "bus_name=\(bus)",
        ]
        pairs["link_speed"] = link?.megabitsPerSecond.map { megabits in
            megabits % 1000 == 0 ? "\(megabits / 1000)Gbps" : "\(megabits)Mbps"
        }
        return pairs
    }

    /// How the device was set up, in the words of `dpctl/show`.
    public var configuration: [String: String] {
        let device = state.pointee
        var raw = vd_device_info()
        let hasInfo = vd_device_info_get(device.deviceID, &raw) >= 0
        return [
            "configured_rx_queues": "\(device.receiveQueues)",
            "requested_rx_queues": "\(device.options.receiveQueues)",
            "configured_tx_queues": "\(device.transmitQueues)",
            "requested_tx_queues": "\(device.options.transmitQueues)",
            "configured_rxq_descriptors": "\(device.receiveDescriptors)",
            "requested_rxq_descriptors": "\(device.options.receiveDescriptors)",
            "configured_txq_descriptors": "\(device.transmitDescriptors)",
            "requested_txq_descriptors": "\(device.options.transmitDescriptors)",
            "mtu": "\(device.mtu)", "lsc_interrupt_mode": "false", "tx_tso_offload": "false",
            "rx_csum_offload": "\(hasInfo && raw.checks_checksums)",
        ]
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

    static func text(_ bytes: UnsafeRawBufferPointer) -> String {
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}
