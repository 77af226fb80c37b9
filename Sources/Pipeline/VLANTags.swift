// The two tags that switching works with: what a packet carries, what it carries within the bridge,
// and what it leaves with, as `vlan_mode` says. Called by the interpreter for NORMAL and for
// mirrors.

import Flow

/// One tag as switching sees it; all zero where there is none.
struct VLANTag: Equatable {
    var tpid: UInt16 = 0
    var vid: UInt16 = 0
    /// Priority in its place in the TCI (bits 13 to 15).
    var priority: UInt16 = 0

    init() {}
    init(tpid: UInt16, vid: UInt16, priority: UInt16) {
        self.tpid = tpid
        self.vid = vid
        self.priority = priority
    }

    /// The tag that `tpid` and `tci` of a flow key make, or an empty one.
    init(tpid: UInt16, tci: UInt16) {
        self.init()
        guard tci & 0x1000 != 0 else { return }
        self.init(tpid: tpid, vid: tci & 0xfff, priority: tci & 0xe000)
    }
}

/// The outer and the inner tag.
struct VLANTags: Equatable {
    var outer = VLANTag()
    var inner = VLANTag()

    init() {}

    /// The tags of `key`.
    init(_ key: FlowKey) {
        outer = VLANTag(
            tpid: key.load16(FlowLayout.vlanTPID), tci: key.load16(FlowLayout.vlanTCI))
        inner = VLANTag(
            tpid: key.load16(FlowLayout.innerVLANTPID), tci: key.load16(FlowLayout.innerVLANTCI))
    }

    /// Whether the packet ends within its tag.
    static func isCutShort(_ key: FlowKey) -> Bool {
        let type = key.load16(FlowLayout.ethType)
        return (type == 0x8100 || type == 0x88a8) && key.load16(FlowLayout.vlanTCI) & 0x1000 == 0
    }

    /// Whether a bundle takes a packet that came with these tags.
    func areTaken(by bundle: Bundle) -> Bool {
        switch bundle.mode {
        case .access: outer.vid == 0
        case .trunk: Bundle.contains(bundle.trunks, outer.vid)
        case .nativeTagged, .nativeUntagged:
            outer.vid == 0 || Bundle.contains(bundle.trunks, outer.vid)
        case .dot1qTunnel: Bundle.contains(bundle.customerVLANs, outer.vid)
        }
    }

    /// The tags within the bridge of a packet that came with these on `bundle`.
    func received(on bundle: Bundle) -> VLANTags {
        var tags = self
        switch bundle.mode {
        case .trunk: break
        case .access:
            tags.outer = native(bundle)
            tags.inner = VLANTag()
        case .nativeTagged, .nativeUntagged:
            if outer.vid == 0 { tags.outer = native(bundle) }
        case .dot1qTunnel:
            tags.inner = outer
            tags.outer = VLANTag(tpid: bundle.outerEthType, vid: bundle.vlan, priority: 0)
        }
        return tags
    }

    private func native(_ bundle: Bundle) -> VLANTag {
        VLANTag(
            tpid: outer.tpid == 0 ? 0x8100 : outer.tpid, vid: bundle.vlan,
            priority: outer.priority)
    }

    /// The tags that a packet with these within the bridge leaves `bundle` with.
    func sent(on bundle: Bundle) -> VLANTags {
        var tags = self
        switch bundle.mode {
        case .trunk, .nativeTagged: break
        case .access: tags = VLANTags()
        case .nativeUntagged: if outer.vid == bundle.vlan { tags.pop() }
        case .dot1qTunnel: tags.pop()
        }
        return tags
    }

    private mutating func pop() {
        outer = inner
        inner = VLANTag()
    }

    /// Writes the tags to `key`. A tag of VLAN 0 and priority 0 is none, unless all are to be kept.
    func write(to key: FlowKey, keepingEmpty: Bool) {
        Self.write(
            outer, keepingEmpty, key, tpidAt: FlowLayout.vlanTPID, tciAt: FlowLayout.vlanTCI)
        Self.write(
            inner, keepingEmpty, key, tpidAt: FlowLayout.innerVLANTPID,
            tciAt: FlowLayout.innerVLANTCI)
    }

    private static func write(
        _ tag: VLANTag, _ keepsEmpty: Bool, _ key: FlowKey, tpidAt: Int, tciAt: Int
    ) {
        var tci = tag.vid | tag.priority
        if tci != 0 || keepsEmpty && tag.tpid != 0 {
            tci |= 0x1000
            key.store16(tag.tpid == 0 ? 0x8100 : tag.tpid, at: tpidAt)
        }
        key.store16(tci, at: tciAt)
    }
}
