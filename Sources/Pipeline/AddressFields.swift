// The fields of a key that address translation writes, kept over a `ct()`.

import Flow

/// Addresses and ports of a key.
struct AddressFields {
    private let ports: UInt32
    private let ipv4: UInt64
    private let ipv6: (UInt64, UInt64, UInt64, UInt64)

    init(_ key: FlowKey) {
        ports = key.load32(FlowLayout.l4Source)
        ipv4 = key.load64(FlowLayout.ipv4Source)
        ipv6 = (
            key.load64(FlowLayout.ipv6Source), key.load64(FlowLayout.ipv6Source &+ 8),
            key.load64(FlowLayout.ipv6Destination), key.load64(FlowLayout.ipv6Destination &+ 8)
        )
    }

    func write(to key: FlowKey) {
        key.store32(ports, at: FlowLayout.l4Source)
        key.store64(ipv4, at: FlowLayout.ipv4Source)
        key.store64(ipv6.0, at: FlowLayout.ipv6Source)
        key.store64(ipv6.1, at: FlowLayout.ipv6Source &+ 8)
        key.store64(ipv6.2, at: FlowLayout.ipv6Destination)
        key.store64(ipv6.3, at: FlowLayout.ipv6Destination &+ 8)
    }
}
