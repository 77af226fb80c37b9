// Reading and changing kernel devices by ioctl: index, flags, MTU, hardware address. Control thread
// only; everything that is read in bulk comes through rtnetlink instead (`LinkInfo`).

import Glibc

/// A socket for device ioctls, in the network namespace of the thread that made it.
public struct NetdevControl: Sendable {
    private let fileDescriptor: Int32

    public init() throws(KernelPortError) {
        let fd = socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard fd >= 0 else { throw .last("socket") }
        fileDescriptor = fd
    }

    public func close() { Glibc.close(fileDescriptor) }

    func index(of name: DeviceName) throws(KernelPortError) -> Int32 {
        var request = InterfaceRequest(name)
        try request.perform(LinuxABI.getIndex, on: fileDescriptor, named: "SIOCGIFINDEX")
        return Int32(bitPattern: request.value32)
    }

    func mtu(of name: DeviceName) throws(KernelPortError) -> Int {
        var request = InterfaceRequest(name)
        try request.perform(LinuxABI.getMTU, on: fileDescriptor, named: "SIOCGIFMTU")
        return Int(request.value32)
    }

    func setMTU(_ mtu: Int, of name: DeviceName) throws(KernelPortError) {
        var request = InterfaceRequest(name)
        request.value32 = UInt32(clamping: mtu)
        try request.perform(LinuxABI.setMTU, on: fileDescriptor, named: "SIOCSIFMTU")
    }

    func flags(of name: DeviceName) throws(KernelPortError) -> UInt16 {
        var request = InterfaceRequest(name)
        try request.perform(LinuxABI.getFlags, on: fileDescriptor, named: "SIOCGIFFLAGS")
        return request.value16
    }

    func setUp(_ up: Bool, of name: DeviceName) throws(KernelPortError) {
        let flags = try flags(of: name)
        let bit = UInt16(LinuxABI.flagUp)
        guard (flags & bit != 0) != up else { return }
        var request = InterfaceRequest(name)
        request.value16 = up ? flags | bit : flags & ~bit
        try request.perform(LinuxABI.setFlags, on: fileDescriptor, named: "SIOCSIFFLAGS")
    }

    func hardwareAddress(of name: DeviceName) throws(KernelPortError) -> [UInt8] {
        var request = InterfaceRequest(name)
        try request.perform(
            LinuxABI.getHardwareAddress, on: fileDescriptor, named: "SIOCGIFHWADDR")
        return (2..<8).map { request[$0] }
    }

    func setHardwareAddress(_ mac: [UInt8], of name: DeviceName) throws(KernelPortError) {
        guard mac.count == 6 else { throw .system(call: "SIOCSIFHWADDR", number: EINVAL) }
        var request = InterfaceRequest(name)
        request.value16 = LinuxABI.arpHardwareEther
        for index in 0..<6 { request[2 + index] = mac[index] }
        try request.perform(
            LinuxABI.setHardwareAddress, on: fileDescriptor, named: "SIOCSIFHWADDR")
    }

    /// Runs an ethtool command whose structure is `bytes`, its command number first.
    func ethtool(_ bytes: inout [UInt8], of name: DeviceName) throws(KernelPortError) {
        var request = InterfaceRequest(name)
        let failure: KernelPortError? = bytes.withUnsafeMutableBytes { buffer in
            request.value64 = UInt64(UInt(bitPattern: buffer.baseAddress))
            do throws(KernelPortError) {
                try request.perform(LinuxABI.ethtool, on: fileDescriptor, named: "SIOCETHTOOL")
                return nil
            } catch { return error }
        }
        if let failure { throw failure }
    }
}
