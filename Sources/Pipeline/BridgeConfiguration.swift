// The published configuration of one bridge: ports, bundles, mirrors and switching options. A final
// class owns the memory; poll threads only follow the raw pointers within `block`.

import Flow

/// The part of a bridge's configuration that poll threads read.
@frozen public struct BridgeConfigurationBlock {
    public var ports: UnsafeMutablePointer<BridgePort>
    public var portCount: Int
    /// Port index by OpenFlow number below `portMapCount`, UInt16.max where there is none.
    public var portMap: UnsafeMutablePointer<UInt16>
    public var portMapCount: Int
    /// Index of OFPP_LOCAL, or UInt16.max.
    public var localPort: UInt16
    public var bundles: UnsafeMutablePointer<Bundle>
    public var bundleCount: Int
    public var mirrors: UnsafeMutablePointer<Mirror>
    public var mirrorCount: Int
    /// Bitmap of VLANs on which addresses are not learned; nil for none.
    public var floodVLANs: UnsafeMutablePointer<UInt64>?
    public var forwardsBPDU: Bool
    public var hasInBand: Bool
    /// What table misses do by default: true sends a packet-in (OpenFlow 1.0 – 1.2 controllers).
    public var missToController: Bool
    /// `OFPC_FRAG_DROP` is set.
    public var dropsFragments: Bool
    /// First fragments match by their ports, types and codes, which are taken for 0 otherwise.
    public var matchesFirstFragments: Bool
    /// The bridge's own Ethernet address.
    public var localAddress: UInt64
}

/// A bridge configuration with its memory.
///
/// **Owner**: the control room, until the reclaimer frees it.
public final class BridgeConfiguration: @unchecked Sendable {
    public let block: UnsafeMutablePointer<BridgeConfigurationBlock>
    private var owned: [UnsafeMutableRawPointer] = []

    /// Builds the block. `bundles[i].ports` etc. are given by the maker through `portSets` and the
    /// bitmaps by `bitmap(_:)`.
    public init(
        ports: [BridgePort], bundles: [(Bundle, ports: [UInt16])], mirrors: [Mirror],
        floodVLANs: UnsafeMutablePointer<UInt64>?, forwardsBPDU: Bool, missToController: Bool,
        dropsFragments: Bool, matchesFirstFragments: Bool, localAddress: UInt64
    ) {
        var allocations: [UnsafeMutableRawPointer] = []
        func copy<T>(_ list: [T]) -> UnsafeMutablePointer<T> {
            let memory = UnsafeMutablePointer<T>.allocate(capacity: max(list.count, 1))
            for (index, item) in list.enumerated() { (memory + index).initialize(to: item) }
            allocations.append(UnsafeMutableRawPointer(memory))
            return memory
        }
        var mapCount = 0
        var local = UInt16.max
        for (index, port) in ports.enumerated() {
            if port.openflowPort < 0xff00 {
                mapCount = max(mapCount, Int(port.openflowPort) + 1)
            } else if port.openflowPort == 0xffff_fffe {
                local = UInt16(index)
            }
        }
        var map = [UInt16](repeating: .max, count: mapCount)
        for (index, port) in ports.enumerated() where Int(port.openflowPort) < mapCount {
            map[Int(port.openflowPort)] = UInt16(index)
        }
        let bundleBlocks = bundles.map { bundle, members in
            var filled = bundle
            filled.ports = copy(members)
            filled.portCount = members.count
            return filled
        }
        block = .allocate(capacity: 1)
        block.initialize(
            to: BridgeConfigurationBlock(
                ports: copy(ports), portCount: ports.count, portMap: copy(map),
                portMapCount: mapCount, localPort: local, bundles: copy(bundleBlocks),
                bundleCount: bundles.count, mirrors: copy(mirrors), mirrorCount: mirrors.count,
                floodVLANs: floodVLANs, forwardsBPDU: forwardsBPDU, hasInBand: false,
                missToController: missToController, dropsFragments: dropsFragments,
                matchesFirstFragments: matchesFirstFragments,
                localAddress: localAddress))
        owned = allocations
    }

    /// A bitmap of VLANs in memory that `adopt` hands to a configuration.
    public static func bitmap(_ vlans: some Sequence<UInt16>) -> UnsafeMutablePointer<UInt64> {
        let words = UnsafeMutablePointer<UInt64>.allocate(capacity: 64)
        words.initialize(repeating: 0, count: 64)
        for vlan in vlans where vlan < 4096 { words[Int(vlan) / 64] |= 1 << UInt64(vlan % 64) }
        return words
    }

    /// Frees `memory` together with this configuration.
    public func adopt(_ memory: UnsafeMutableRawPointer) { owned.append(memory) }

    deinit {
        for memory in owned { memory.deallocate() }
        block.deallocate()
    }
}

extension UnsafeMutablePointer where Pointee == BridgeConfigurationBlock {
    /// The index of OpenFlow port `number`, or nil.
    @inlinable @inline(always)
    public func index(ofPort number: UInt32) -> UInt16? {
        if Int(number) < pointee.portMapCount {
            let index = pointee.portMap[Int(number)]
            return index == .max ? nil : index
        }
        if number == 0xffff_fffe && pointee.localPort != .max { return pointee.localPort }
        return nil
    }
}
