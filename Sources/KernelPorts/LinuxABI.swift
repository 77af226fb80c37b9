// Numbers of the Linux interfaces this module speaks, which the C library's Swift overlay lacks.
// Sources: linux/if_packet.h, linux/if_tun.h, linux/virtio_net.h, linux/rtnetlink.h,
// linux/ethtool.h.

enum LinuxABI {
    // Packet sockets.
    static let addressFamilyPacket: Int32 = 17
    static let solPacket: Int32 = 263
    static let packetAddMembership: Int32 = 1
    static let packetStatistics: Int32 = 6
    static let packetAuxdata: Int32 = 8
    static let packetVnetHeader: Int32 = 15
    static let packetQdiscBypass: Int32 = 20
    static let packetIgnoreOutgoing: Int32 = 23
    static let membershipPromiscuous: UInt16 = 1
    static let ethPAll: UInt16 = 0x0003
    static let soReceiveBufferForce: Int32 = 33
    static let soSendBufferForce: Int32 = 32

    // TUN/TAP.
    static let tunSetInterface: UInt = 0x4004_54ca
    static let tunSetOffload: UInt = 0x4004_54d0
    static let tunSetVnetHeaderSize: UInt = 0x4004_54d8
    static let tapFlags: UInt16 = 0x0002 | 0x1000 | 0x4000  // TAP, no packet info, vnet header
    static let tunOffloadTCP: Int32 = 1 | 2 | 4 | 8  // checksum, TSO4, TSO6, ECN
    static let tunOffloadUSO: Int32 = 0x20 | 0x40

    // Interface ioctls.
    static let getFlags: UInt = 0x8913
    static let setFlags: UInt = 0x8914
    static let getMTU: UInt = 0x8921
    static let setMTU: UInt = 0x8922
    static let setHardwareAddress: UInt = 0x8924
    static let getHardwareAddress: UInt = 0x8927
    static let getIndex: UInt = 0x8933
    static let ethtool: UInt = 0x8946
    static let nameBytesMax = 16
    static let arpHardwareEther: UInt16 = 1
    static let flagUp: UInt32 = 1
    static let flagRunning: UInt32 = 0x40

    // Netlink route.
    static let addressFamilyNetlink: Int32 = 16
    static let newLink: UInt16 = 16
    static let deleteLink: UInt16 = 17
    static let getLink: UInt16 = 18
    static let newAddress: UInt16 = 20
    static let deleteAddress: UInt16 = 21
    static let getAddress: UInt16 = 22
    static let newRoute: UInt16 = 24
    static let deleteRoute: UInt16 = 25
    static let getRoute: UInt16 = 26
    static let newNeighbour: UInt16 = 28
    static let deleteNeighbour: UInt16 = 29
    static let getNeighbour: UInt16 = 30
    static let messageError: UInt16 = 2
    static let messageDone: UInt16 = 3
    static let flagRequest: UInt16 = 1
    static let flagAck: UInt16 = 4
    static let flagDump: UInt16 = 0x300
    static let flagExclusive: UInt16 = 0x200
    static let flagCreate: UInt16 = 0x400

    // Netlink traffic control.
    static let newDiscipline: UInt16 = 36
    static let deleteDiscipline: UInt16 = 37
    static let newClass: UInt16 = 40
    static let deleteClass: UInt16 = 41
    static let getClass: UInt16 = 42
}
