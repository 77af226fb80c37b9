// Making a TAP device (types `tap` and `internal`). It is not persistent: it lives as long as the
// process holds it, so that not even a killed switch leaves one behind.

import Glibc
import PacketBuffer

/// TAP ports.
public enum TapPort {
    /// Makes, or takes over, the TAP device `name` and brings it up.
    ///
    /// - Parameters:
    ///   - mac: six bytes, or nil to keep what the kernel chose.
    ///   - mtu: nil to keep the kernel's 1500.
    ///
    /// **Errors**: `.badName`; `.system` without /dev/net/tun or CAP_NET_ADMIN, or with EBUSY when
    /// another process holds the device.
    /// **Owner**: the control thread.
    public static func make(
        name text: String, mac: [UInt8]? = nil, mtu: Int? = nil, up: Bool = true, pool: PacketPool,
        datapathPort: UInt32
    ) throws(KernelPortError) -> KernelPort {
        let name = try DeviceName(text)
        let fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK)
        guard fd >= 0 else { throw .last("/dev/net/tun") }
        do throws(KernelPortError) {
            var request = InterfaceRequest(name)
            request.value16 = LinuxABI.tapFlags
            try request.perform(LinuxABI.tunSetInterface, on: fd, named: "TUNSETIFF")
            var headerBytes = Int32(VirtioHeader.bytes)
            guard ioctl(fd, LinuxABI.tunSetVnetHeaderSize, &headerBytes) == 0 else {
                throw KernelPortError.last("TUNSETVNETHDRSZ")
            }
            let takesUDPSegments = try setOffload(fd)
            let control = try NetdevControl()
            defer { control.close() }
            if let mac { try control.setHardwareAddress(mac, of: name) }
            if let mtu { try control.setMTU(mtu, of: name) }
            if up { try control.setUp(true, of: name) }
            let index = try control.index(of: name)
            let mtuNow = try control.mtu(of: name)
            return KernelPort(
                KernelPortState(
                    kind: .tap, fileDescriptor: fd, interfaceIndex: index,
                    datapathPort: datapathPort, mtu: UInt32(mtuNow),
                    takesUDPSegments: takesUDPSegments, pool: pool, vectors: PortVectors(),
                    dummy: nil))
        } catch {
            close(fd)
            throw error
        }
    }

    /// Tells the kernel what it may hand us unfinished; whether UDP super-packets are among it.
    private static func setOffload(_ fd: Int32) throws(KernelPortError) -> Bool {
        if ioctl(
            fd, LinuxABI.tunSetOffload, LinuxABI.tunOffloadTCP | LinuxABI.tunOffloadUSO) == 0
        {
            return true
        }
        guard ioctl(fd, LinuxABI.tunSetOffload, LinuxABI.tunOffloadTCP) == 0 else {
            throw .last("TUNSETOFFLOAD")
        }
        return false
    }
}
