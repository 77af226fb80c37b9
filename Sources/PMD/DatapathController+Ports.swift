// Opening, closing and describing devices, and the spread of their receive queues over poll
// threads.

import CIntrinsics
import DPDK
import Dpif
import Glibc
import KernelPorts
import PacketBuffer
import Pipeline

extension DatapathController {
    /// Starts DPDK (`dpdk-init`); later calls answer as the first did.
    public func initialiseDPDK(_ arguments: DPDKArguments) throws(PortError) {
        do throws(DPDKError) {
            try DPDKRuntime.initialise(arguments, pool: pool) { attach in withThreadsHeld(attach) }
        } catch {
            throw PortError(error.description)
        }
        usesDPDK = true
        withThreadsHeld { for thread in threads { thread.shared.pointee.usesDPDK = true } }
    }

    public func openPort(_ request: PortRequest) throws(PortError) -> PortInfo {
        guard let number = freeNumber() else { throw PortError("too many ports") }
        let device = try openDevice(request, number)
        var info = PortInfo()
        info.datapathPort = number
        info.name = request.name
        info.type = request.type
        info.address = request.address ?? 0
        info.mtu = request.mtu ?? 1500
        info.receiveQueues = request.receiveQueues
        ports[number] = OpenPort(
            info: info, device: device, request: request,
            carrierChangesBefore: (try? LinkInfo.of(request.name))?.carrierChanges ?? 0)
        withThreadsHeld {
            devices[Int(number)] = device
            for thread in threads {
                thread.shared.pointee.engine.state.pointee.outbox.open(number)
            }
            spreadQueues()
        }
        return portInfo(number) ?? info
    }

    private func freeNumber() -> UInt32? {
        for number in 1..<UInt32(PipelineState.portsMax) where ports[number] == nil {
            return number
        }
        return nil
    }

    private func openDevice(
        _ request: PortRequest, _ number: UInt32
    ) throws(PortError) -> DatapathDevice {
        do {
            switch request.type {
            case .system:
                let port = try AFPacketPort.open(
                    device: request.name, pool: pool, datapathPort: number)
                if let mtu = request.mtu { try? setMTU(Int(mtu), of: request.name) }
                return .kernel(port)
            case .internalPort, .tap:
                return .kernel(
                    try TapPort.make(
                        name: request.name, mac: request.address.map(Self.bytes),
                        mtu: request.mtu.map { Int($0) },
                        up: request.type == .tap, pool: pool, datapathPort: number))
            case .dummy:
                return .kernel(
                    try DummyPort.make(
                        pool: pool, datapathPort: number, mtu: Int(request.mtu ?? 1500),
                        sentCapture: request.options["tx_pcap"] ?? request.options["pcap"],
                        receivedCapture: request.options["rxq_pcap"]))
            case .dpdk, .vhostUser, .vhostUserClient:
                return .dpdk(try openDPDK(request, number))
            }
        } catch let error as KernelPortError {
            throw PortError(
                "could not open network device \(request.name) (\(Self.reason(error)))")
        } catch let error as DPDKError where error.isAttachment {
            throw PortError(error.description)
        } catch let error as DPDKError {
            throw PortError(
                "could not open network device \(request.name) (\(error.description))")
        } catch let error as PortError {
            throw error
        } catch {
            throw PortError("could not open network device \(request.name)")
        }
    }

    private func openDPDK(_ request: PortRequest, _ number: UInt32) throws -> DPDKPort {
        var options = DPDKPort.Options()
        options.receiveQueues = request.receiveQueues
        // One for each thread there may be; where a device has fewer, threads share them.
        options.transmitQueues = max(
            threads.count, min(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 16))
        options.mtu = Int(request.mtu ?? 1500)
        if let count = request.options["n_rxq_desc"].flatMap({ Int($0) }) {
            options.receiveDescriptors = count
        }
        if let count = request.options["n_txq_desc"].flatMap({ Int($0) }) {
            options.transmitDescriptors = count
        }
        switch request.type {
        case .dpdk:
            guard let devargs = request.options["dpdk-devargs"] else {
                throw PortError(
                    "'\(request.name)' is missing 'options:dpdk-devargs'. The old 'dpdk<port_id>'"
                        + " names are not supported")
            }
            return try DPDKPort.open(
                devargs: devargs, pool: pool, datapathPort: number, options: options)
        case .vhostUserClient:
            guard let path = Self.socketPath(request) else {
                throw PortError("options:vhost-server-path is not set")
            }
            return try DPDKPort.openVhost(
                name: request.name, path: path, isClient: true, pool: pool, datapathPort: number,
                options: options)
        default:
            return try DPDKPort.openVhost(
                name: request.name, path: Self.socketPath(request) ?? request.name,
                isClient: false, pool: pool, datapathPort: number, options: options)
        }
    }

    /// The reason in the words of `Interface.error`.
    private static func reason(_ error: KernelPortError) -> String {
        switch error {
        case .noDevice: return "No such device"
        default: return error.description
        }
    }

    private static func bytes(_ address: UInt64) -> [UInt8] {
        (0..<6).map { UInt8(truncatingIfNeeded: address >> UInt64(40 - 8 * $0)) }
    }

    private func setMTU(_ mtu: Int, of name: String) throws {
        let control = try NetdevControl()
        defer { control.close() }
        try control.setMTU(mtu, of: name)
    }

    public func closePort(_ datapathPort: UInt32) { close(datapathPort) }

    func close(_ number: UInt32) {
        guard let port = ports.removeValue(forKey: number) else { return }
        withThreadsHeld {
            devices[Int(number)] = nil
            pipeline.pointee.ingress[Int(number)] = IngressPort()
            spreadQueues()
        }
        removeLimits(of: port, number)
        port.device.close()
    }

    // MARK: Description

    public func portInfo(_ datapathPort: UInt32) -> PortInfo? {
        guard let port = ports[datapathPort] else { return nil }
        var info = port.info
        switch port.device {
        case .kernel where info.type != .dummy:
            guard let link = try? LinkInfo.of(info.name) else {
                info.isUp = false
                info.hasLink = false
                info.ifindex = 0
                info.mtu = 0
                info.address = 0
                return info
            }
            info.ifindex = UInt32(bitPattern: link.index)
            info.mtu = UInt32(link.mtu)
            info.isUp = link.isUp
            info.hasLink = link.isUp && link.hasCarrier
            info.linkResets = UInt64(link.carrierChanges &- port.carrierChangesBefore)
            info.address = link.hardwareAddress.reduce(0) { $0 << 8 | UInt64($1) }
            if let control = try? NetdevControl() {
                defer { control.close() }
                if let mode = control.linkMode(of: info.name) {
                    info.speedMbps = mode.megabitsPerSecond ?? 0
                    info.isFullDuplex = mode.isFullDuplex ?? true
                    info.modes = LinkModes(mode)
                }
                if let driver = control.driver(of: info.name) {
                    info.status["driver_name"] = driver.name
                    info.status["driver_version"] = driver.version
                    info.status["firmware_version"] = driver.firmware
                }
            }
        case .kernel: info.hasLink = info.isUp
        case .dpdk(let device):
            if let link = device.link {
                info.hasLink = link.isUp
                info.isFullDuplex = link.isFullDuplex
                info.speedMbps = link.megabitsPerSecond ?? 0
            }
            if let mac = device.hardwareAddress {
                info.address = mac.reduce(0) { $0 << 8 | UInt64($1) }
            }
            describe(device, port.request, &info)
        }
        return info
    }

    private func describe(_ device: DPDKPort, _ request: PortRequest, _ info: inout PortInfo) {
        info.configuration = device.configuration
        guard request.type != .dpdk else { return info.status = device.description }
        let isClient = request.type == .vhostUserClient
        info.status = [
            "mode": isClient ? "client" : "server",
            "status": info.hasLink ? "connected" : "disconnected",
        ]
        if info.hasLink { info.status["socket"] = Self.socketPath(request) }
        for name in ["lsc_interrupt_mode", "rx_csum_offload", "tx_tso_offload"] {
            info.configuration[name] = nil
        }
    }

    /// Where a vhost-user port and its machine meet.
    private static func socketPath(_ request: PortRequest) -> String? {
        request.type == .vhostUserClient
            ? request.options["vhost-server-path"]
            : (request.options["vhost-sock-dir"] ?? "/var/run/openvswitch") + "/" + request.name
    }

    public func portStatistics(_ datapathPort: UInt32) -> PortStatistics {
        guard let port = ports[datapathPort] else { return PortStatistics() }
        let counters = port.device.counters
        var statistics = PortStatistics()
        statistics.rxPackets = counters.rxPackets
        statistics.txPackets = counters.txPackets
        statistics.rxBytes = counters.rxBytes
        statistics.txBytes = counters.txBytes
        statistics.rxDropped = counters.rxDropped
        statistics.txDropped = counters.txDropped
        statistics.rxErrors = counters.rxErrors
        statistics.txErrors = counters.txErrors
        statistics.extra = [
            "collisions": counters.collisions, "rx_crc_err": counters.rxCRCErrors,
            "rx_frame_err": counters.rxFrameErrors, "rx_over_err": counters.rxOverErrors,
            "rx_missed_errors": counters.rxMissedErrors, "rx_multicast_packets": counters.multicast,
        ]
        return statistics
    }

    public func setPortUp(_ datapathPort: UInt32, _ isUp: Bool) {
        guard let port = ports[datapathPort], case .kernel = port.device else { return }
        if port.info.type == .dummy {
            ports[datapathPort]?.info.isUp = isUp
            return
        }
        guard let control = try? NetdevControl() else { return }
        defer { control.close() }
        try? control.setUp(isUp, of: port.info.name)
    }

    /// Puts a frame on the receive queue of a dummy port; false if it is none.
    public func receiveOnDummy(_ name: String, frame: [UInt8]) -> Bool {
        guard let port = ports.values.first(where: { $0.info.name == name }),
            case .kernel(let device) = port.device
        else { return false }
        return frame.withUnsafeBytes { device.inject($0) }
    }
}

extension LinkModes {
    init(_ mode: LinkMode) {
        self.init()
        isCopper = mode.isCopper
        isFiber = mode.isFiber
        autonegotiates = mode.autonegotiates
        supported = mode.supported
        advertised = mode.advertised
        partner = mode.partner
    }
}
