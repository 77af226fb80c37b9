// Opening a packet socket on an existing kernel device (type `system`).

import Glibc
import PacketBuffer

/// Packet-socket ports.
public enum AFPacketPort {
    /// What may be asked of a packet socket.
    public struct Options: Sendable {
        /// Socket buffers each way.
        public var bufferBytes: Int32 = 8 << 20
        /// Sends past the device's queueing discipline: faster, but no shaping there.
        public var bypassesQdisc = false
        public init() {}
    }

    /// Opens `device`, which goes up and promiscuous; the port then receives whatever the device
    /// does, but nothing that is sent on it.
    ///
    /// **Errors**: `.noDevice`; `.system` without CAP_NET_RAW and CAP_NET_ADMIN.
    /// **Owner**: the control thread, in the network namespace of the device.
    public static func open(
        device: String, pool: PacketPool, datapathPort: UInt32, options: Options = Options()
    ) throws(KernelPortError) -> KernelPort {
        let name = try DeviceName(device)
        let control = try NetdevControl()
        defer { control.close() }
        let index = try control.index(of: name)
        try control.setUp(true, of: name)
        let mtu = try control.mtu(of: name)
        // Protocol zero: nothing is received before the socket is set up and bound.
        let fd = socket(
            LinuxABI.addressFamilyPacket,
            Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard fd >= 0 else { throw .last("socket") }
        do throws(KernelPortError) {
            try configure(fd, index: index, options: options)
            try bind(fd, to: index)
        } catch {
            close(fd)
            throw error
        }
        return KernelPort(
            KernelPortState(
                kind: .afPacket, fileDescriptor: fd, interfaceIndex: index,
                datapathPort: datapathPort, mtu: UInt32(mtu), takesUDPSegments: true, pool: pool,
                vectors: PortVectors(), dummy: nil))
    }

    private static func configure(
        _ fd: Int32, index: Int32, options: Options
    ) throws(KernelPortError) {
        try set(fd, LinuxABI.solPacket, LinuxABI.packetVnetHeader, 1, "PACKET_VNET_HDR")
        try set(fd, LinuxABI.solPacket, LinuxABI.packetAuxdata, 1, "PACKET_AUXDATA")
        try set(fd, LinuxABI.solPacket, LinuxABI.packetIgnoreOutgoing, 1, "PACKET_IGNORE_OUTGOING")
        if options.bypassesQdisc {
            try set(fd, LinuxABI.solPacket, LinuxABI.packetQdiscBypass, 1, "PACKET_QDISC_BYPASS")
        }
        for (forced, plain) in [
            (LinuxABI.soReceiveBufferForce, SO_RCVBUF), (LinuxABI.soSendBufferForce, SO_SNDBUF),
        ] {
            // Beyond the system's limit with CAP_NET_ADMIN, else up to it.
            var bytes = options.bufferBytes
            if setsockopt(fd, SOL_SOCKET, forced, &bytes, 4) != 0 {
                _ = setsockopt(fd, SOL_SOCKET, plain, &bytes, 4)
            }
        }
        // packet_mreq: index i32, type u16, address length u16, address 8 bytes.
        var membership: (Int32, UInt16, UInt16, UInt64) = (
            index, LinuxABI.membershipPromiscuous, 0, 0
        )
        guard
            setsockopt(fd, LinuxABI.solPacket, LinuxABI.packetAddMembership, &membership, 16) == 0
        else { throw .last("PACKET_ADD_MEMBERSHIP") }
    }

    private static func set(
        _ fd: Int32, _ level: Int32, _ option: Int32, _ value: Int32,
        _ name: KernelPortError.StaticText
    ) throws(KernelPortError) {
        var copy = value
        guard setsockopt(fd, level, option, &copy, 4) == 0 else { throw .last(name) }
    }

    private static func bind(_ fd: Int32, to index: Int32) throws(KernelPortError) {
        // sockaddr_ll: family u16, protocol u16 (network order), index i32, then 12 bytes of zero.
        var address: (UInt16, UInt16, Int32, UInt64, UInt32) = (
            UInt16(LinuxABI.addressFamilyPacket), LinuxABI.ethPAll.bigEndian, index, 0, 0
        )
        let status = withUnsafePointer(to: &address) {
            Glibc.bind(fd, UnsafeRawPointer($0).assumingMemoryBound(to: sockaddr.self), 20)
        }
        guard status == 0 else { throw .last("bind") }
    }
}
