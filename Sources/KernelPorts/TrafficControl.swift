// The kernel's shaping of what leaves by a device: made, changed and removed through rtnetlink.
// What packet sockets send passes it, as what the kernel itself sends does.

import Glibc

/// Shaping of kernel devices.
///
/// **Owner**: the control thread, in the network namespace of the device.
public enum TrafficControl {
    /// Makes the shaping of a device what `wanted` says. Classes that stay keep their packets.
    ///
    /// **Errors**: `.noDevice`; `.system` without CAP_NET_ADMIN, or where the kernel has no such
    /// queueing discipline: then the device is left unshaped.
    public static func shape(
        device: String, _ wanted: TokenHierarchy
    ) throws(KernelPortError) {
        let index = try index(of: device)
        let socket = try NetlinkSocket(groups: 0, isBlocking: true)
        defer { socket.close() }
        let present = try classes(of: index, socket)
        if !present.contains(TokenHierarchy.rootClass) {
            // Another discipline's place, or half of ours.
            remove(index, handle: 0, socket)
            _ = try socket.request(
                LinuxABI.newDiscipline, flags: made | LinuxABI.flagExclusive,
                body: TokenHierarchy.disciplineBody(index: index))
        }
        do throws(KernelPortError) {
            _ = try socket.request(
                LinuxABI.newClass, flags: made,
                body: wanted.classBody(
                    index: index, handle: TokenHierarchy.rootClass,
                    parent: TokenHierarchy.handle, wanted.whole))
            for (number, part) in wanted.classes.sorted(by: { $0.key < $1.key }) {
                _ = try socket.request(
                    LinuxABI.newClass, flags: made,
                    body: wanted.classBody(
                        index: index, handle: TokenHierarchy.handle(ofClass: number),
                        parent: TokenHierarchy.rootClass, part))
            }
        } catch {
            remove(index, handle: TokenHierarchy.handle, socket)
            throw error
        }
        let kept = Set(wanted.classes.keys.map(TokenHierarchy.handle(ofClass:)))
        for handle in present where handle != TokenHierarchy.rootClass && !kept.contains(handle) {
            _ = try? socket.request(
                LinuxABI.deleteClass, flags: LinuxABI.flagAck,
                body: TokenHierarchy.header(index: index, handle: handle, parent: 0))
        }
    }

    /// Removes shaping that `shape` made, also in an earlier life; anything else stays.
    public static func unshape(device: String) throws(KernelPortError) {
        let index = try index(of: device)
        let socket = try NetlinkSocket(groups: 0, isBlocking: true)
        defer { socket.close() }
        guard try classes(of: index, socket).contains(TokenHierarchy.rootClass) else { return }
        remove(index, handle: TokenHierarchy.handle, socket)
    }

    private static let made = LinuxABI.flagAck | LinuxABI.flagCreate

    private static func index(of device: String) throws(KernelPortError) -> Int32 {
        let control = try NetdevControl()
        defer { control.close() }
        return try control.index(of: try DeviceName(device))
    }

    /// Handles of the classes of a device.
    private static func classes(
        of index: Int32, _ socket: NetlinkSocket
    ) throws(KernelPortError) -> Set<UInt32> {
        let answer = try socket.request(
            LinuxABI.getClass, flags: LinuxABI.flagDump,
            body: TokenHierarchy.header(index: index, handle: 0, parent: 0))
        return Set(
            answer.filter { $0.type == LinuxABI.newClass && $0.body.count >= 20 }
                .map { $0.body.netlink32(8) })
    }

    /// Removes what is at the root of a device; with a handle, only that.
    private static func remove(_ index: Int32, handle: UInt32, _ socket: NetlinkSocket) {
        _ = try? socket.request(
            LinuxABI.deleteDiscipline, flags: LinuxABI.flagAck,
            body: TokenHierarchy.header(
                index: index, handle: handle, parent: TokenHierarchy.rootOfDevice))
    }
}
