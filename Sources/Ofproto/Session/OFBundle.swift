// A bundle in the making: messages that were checked and wait for the commit.

import OpenFlow

/// One bundle of a session.
struct OFBundle {
    enum Content {
        case flowMod(FlowMod)
        case groupMod(GroupMod)
        case portMod(PortMod)
        case packetOut(PacketOut)
    }
    struct Entry {
        let content: Content
        let xid: UInt32
        /// The message that added it, for an error about it.
        let frame: [UInt8]
    }
    let flags: BundleFlags
    var isClosed = false
    /// When it was last added to.
    var used: UInt64
    /// The message that opened it.
    let frame: [UInt8]
    let xid: UInt32
    var entries: [Entry] = []
    var byteCount = 0

    init(flags: BundleFlags, frame: [UInt8], xid: UInt32, now: UInt64) {
        self.flags = flags
        self.frame = frame
        self.xid = xid
        used = now
    }
}
