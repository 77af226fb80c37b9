// Opening, closing and asking a DPDK port. Control thread only.

import CDPDK
import Glibc
import PacketBuffer

extension DPDKPort {
    /// What is asked of a device.
    public struct Options: Sendable {
        /// `n_rxq`; fewer when the device has fewer.
        public var receiveQueues = 1
        /// One for each poll thread, as far as the device has them.
        public var transmitQueues = 1
        /// `n_rxq_desc` and `n_txq_desc`.
        public var receiveDescriptors = 2048
        public var transmitDescriptors = 2048
        public var mtu = 1500
        public init() {}
    }

    /// Opens the device that `devargs` names (`options:dpdk-devargs`), probing it if it is new, and
    /// starts it, promiscuous.
    ///
    /// **Errors**: `.notInitialised`; `.device` with DPDK's reason; `.noMemory` for a large MTU.
    public static func open(
        devargs: String, pool: PacketPool, datapathPort: UInt32, options: Options = Options()
    ) throws(DPDKError) -> DPDKPort {
        let standard = try DPDKRuntime.standardMempool()
        guard !devargs.isEmpty, devargs.utf8.count < 1024, !devargs.utf8.contains(0) else {
            throw .badArgument(devargs)
        }
        var device: UInt16 = 0
        var wasProbed = false
        guard vd_device_attach(devargs, &device, &wasProbed) >= 0 else {
            throw .attach(devargs)
        }
        do throws(DPDKError) {
            return try start(
                device, standard: standard, wasProbed: wasProbed, pool: pool,
                datapathPort: datapathPort, options: options)
        } catch {
            _ = vd_device_detach(device, wasProbed)
            throw error
        }
    }

    /// Opens a vhost-user port: `dpdkvhostuser` makes the socket at `path`, `dpdkvhostuserclient`
    /// connects to the one there, and connects anew whenever it is back.
    public static func openVhost(
        name: String, path: String, isClient: Bool, pool: PacketPool, datapathPort: UInt32,
        options: Options = Options()
    ) throws(DPDKError) -> DPDKPort {
        let isPlain = { (text: String) in
            !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x2c && $0 != 0x7f }
        }
        guard isPlain(name), isPlain(path), path.utf8.count < 108 else { throw .badArgument(path) }
        // A socket left by a killed process would keep the new one from being made.
        if !isClient { removeSocket(at: path) }
        let queues = max(options.receiveQueues, 1)
        return try open(
            devargs: "net_vhost_\(name),iface=\(path),queues=\(queues),client=\(isClient ? 1 : 0)",
            pool: pool, datapathPort: datapathPort, options: options)
    }

    /// Stops and closes the device, and removes it if opening brought it.
    public func close() {
        _ = vd_device_detach(state.pointee.deviceID, state.pointee.removesDevice)
        let queues = max(state.pointee.receiveQueues, state.pointee.transmitQueues)
        for index in 0..<queues { state.pointee.pending[index].deallocate() }
        state.pointee.pending.deallocate()
        state.pointee.queues.deallocate()
        state.deinitialize(count: 1)
        state.deallocate()
    }

    private static func start(
        _ device: UInt16, standard: UnsafeMutableRawPointer, wasProbed: Bool, pool: PacketPool,
        datapathPort: UInt32, options: Options
    ) throws(DPDKError) -> DPDKPort {
        let frameBytes = options.mtu + 26
        let isLarge = frameBytes > PacketLayout.standardRoomBytes - PacketLayout.headroom
        let roomBytes =
            isLarge
            ? (frameBytes + PacketLayout.headroom + 1023) & ~1023 : PacketLayout.standardRoomBytes
        guard options.mtu >= 68, roomBytes <= 0xffff else {
            throw .device(call: "mtu \(options.mtu)", number: EINVAL)
        }
        let mempool = isLarge ? try DPDKRuntime.largeMempool(roomBytes: roomBytes) : standard
        var request = vd_device_request()
        request.mempool = mempool
        request.rx_queues = UInt16(clamping: options.receiveQueues)
        request.tx_queues = UInt16(clamping: transmitQueues(of: device, options))
        request.rx_descriptors = UInt16(clamping: options.receiveDescriptors)
        request.tx_descriptors = UInt16(clamping: options.transmitDescriptors)
        request.mtu = UInt16(options.mtu)
        var info = vd_device_info()
        try check(vd_device_configure(device, &request, &info), "configure")
        try check(vd_device_start(device), "start")
        // Some virtual devices cannot be anything but promiscuous and say so.
        _ = vd_device_promiscuous_set(device, true)
        let queues = Int(max(info.rx_queues, info.tx_queues, 1))
        let pending = UnsafeMutablePointer<PacketBatch>.allocate(capacity: queues)
        let queueStates = UnsafeMutableRawPointer.allocate(
            byteCount: queues * MemoryLayout<DPDKQueue>.stride, alignment: 64
        ).bindMemory(to: DPDKQueue.self, capacity: queues)
        for index in 0..<queues {
            (pending + index).initialize(to: .allocate())
            (queueStates + index).initialize(to: DPDKQueue())
        }
        return DPDKPort(
            DPDKPortState(
                deviceID: device, datapathPort: datapathPort,
                receiveQueues: Int(info.rx_queues), transmitQueues: max(1, Int(info.tx_queues)),
                options: options, receiveDescriptors: Int(info.rx_descriptors),
                transmitDescriptors: Int(info.tx_descriptors),
                mtu: UInt32(options.mtu), completesChecksums: info.completes_checksums,
                removesDevice: wasProbed, pool: pool, mempool: mempool,
                roomBytes: roomBytes, queues: queueStates, pending: pending))
    }

    /// Drivers whose transmit queues each lead to the receive queue of the same number, at the
    /// other end or in the device itself: what is sent on one that has no such partner is never
    /// received.
    private static let pairing: Set<String> = ["net_memif", "net_ring"]

    /// As many transmit queues as asked for, or as the device has partners for them: both ends are
    /// expected to be set up alike.
    private static func transmitQueues(of device: UInt16, _ options: Options) -> Int {
        var info = vd_device_info()
        guard vd_device_info_get(device, &info) >= 0 else { return options.transmitQueues }
        let driver = withUnsafeBytes(of: info.driver) { text($0) }
        return pairing.contains(driver) ? options.receiveQueues : options.transmitQueues
    }

    private static func removeSocket(at path: String) {
        var status = stat()
        if lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK { unlink(path) }
    }

    private static func check(_ status: Int32, _ call: String) throws(DPDKError) {
        guard status >= 0 else { throw .device(call: call, number: -status) }
    }
}
