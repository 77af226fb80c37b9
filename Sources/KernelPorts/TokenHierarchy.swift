// The kernel's hierarchical token bucket as values and as rtnetlink messages. Pure.
// Source: tc-htb(8); linux/pkt_sched.h, linux/rtnetlink.h.

/// A device's shaping: a rate, and classes below it. Packets go to class 0.
public struct TokenHierarchy: Hashable, Sendable {
    public var bytesPerSecond: UInt64
    public var mtu: UInt32
    public var classes: [UInt16: Class]

    /// A class below the device.
    public struct Class: Hashable, Sendable {
        public var bytesPerSecondMin: UInt64
        public var bytesPerSecondMax: UInt64
        public var burstBytes: UInt64
        public var priority: UInt32

        public init(
            bytesPerSecondMin: UInt64, bytesPerSecondMax: UInt64, burstBytes: UInt64,
            priority: UInt32
        ) {
            self.bytesPerSecondMin = bytesPerSecondMin
            self.bytesPerSecondMax = bytesPerSecondMax
            self.burstBytes = burstBytes
            self.priority = priority
        }
    }

    public init(bytesPerSecond: UInt64, mtu: UInt32, classes: [UInt16: Class]) {
        self.bytesPerSecond = bytesPerSecond
        self.mtu = mtu
        self.classes = classes
    }

    /// The handle of our queueing disciplines: `1:`.
    static let handle: UInt32 = 1 << 16
    /// The class of the whole device: `1:fffe`.
    static let rootClass: UInt32 = 1 << 16 | 0xfffe

    /// `1:1` for class 0 and so on.
    static func handle(ofClass number: UInt16) -> UInt32 { handle | (UInt32(number) + 1) }

    /// The body of the message that makes the queueing discipline.
    static func disciplineBody(index: Int32) -> [UInt8] {
        var options = NetlinkAttributes()
        // tc_htb_glob: version, rate to quantum, default class, debug, direct packets.
        options.append(2, words: [3, 10, 1, 0, 0])
        return header(index: index, handle: handle, parent: rootOfDevice)
            + named("htb", options)
    }

    /// The body of the message that makes or changes a class.
    func classBody(index: Int32, handle: UInt32, parent: UInt32, _ part: Class) -> [UInt8] {
        let least = part.bytesPerSecondMin
        let most = part.bytesPerSecondMax
        // tc_ratespec, 12 bytes: cell log u8, link layer u8 (1: Ethernet), overhead u16, cell
        // align i16, minimal packet u16, rate u32.
        func rate(_ value: UInt64) -> [UInt32] { [1 << 8, 0, UInt32(clamping: value)] }
        // tc_htb_opt: two rates, the time each takes for a burst, quantum, level, priority. A
        // quantum below the MTU would be no turn at all.
        let words = rate(least) + rate(most) + [
            Self.ticks(bytes: part.burstBytes, bytesPerSecond: least),
            Self.ticks(bytes: part.burstBytes, bytesPerSecond: most),
            least / 10 < UInt64(mtu) ? mtu : 0, 0, part.priority,
        ]
        var options = NetlinkAttributes()
        options.append(1, words: words)
        if least > UInt64(UInt32.max) { options.append(6, long: least) }
        if most > UInt64(UInt32.max) { options.append(7, long: most) }
        return Self.header(index: index, handle: handle, parent: parent)
            + Self.named("htb", options)
    }

    /// The class of the whole device.
    var whole: Class {
        Class(
            bytesPerSecondMin: bytesPerSecond, bytesPerSecondMax: bytesPerSecond,
            burstBytes: UInt64(mtu) + 64, priority: 0)
    }

    /// TC_H_ROOT.
    static let rootOfDevice = UInt32.max

    /// tcmsg: family and padding u32, device i32, handle, parent, info.
    static func header(index: Int32, handle: UInt32, parent: UInt32) -> [UInt8] {
        [0, UInt32(bitPattern: index), handle, parent, 0].flatMap(NetlinkAttributes.bytes)
    }

    private static func named(_ kind: String, _ options: NetlinkAttributes) -> [UInt8] {
        var attributes = NetlinkAttributes()
        attributes.append(1, Array(kind.utf8) + [0])
        attributes.append(2, options.bytes)
        return attributes.bytes
    }

    /// The kernel's unit of time here is 64 nanoseconds.
    static func ticks(bytes: UInt64, bytesPerSecond: UInt64) -> UInt32 {
        guard bytesPerSecond > 0 else { return UInt32.max }
        let (product, overflow) = bytes.multipliedReportingOverflow(by: 15_625_000)
        return overflow ? UInt32.max : UInt32(clamping: product / bytesPerSecond)
    }
}

/// Attributes of a netlink message, one after the other.
struct NetlinkAttributes {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ type: UInt16, _ value: [UInt8]) {
        let length = UInt16(truncatingIfNeeded: 4 + value.count)
        bytes += [UInt8(truncatingIfNeeded: length), UInt8(truncatingIfNeeded: length >> 8)]
        bytes += [UInt8(truncatingIfNeeded: type), UInt8(truncatingIfNeeded: type >> 8)]
        bytes += value
        while bytes.count % 4 != 0 { bytes.append(0) }
    }

    mutating func append(_ type: UInt16, words: [UInt32]) {
        append(type, words.flatMap(Self.bytes))
    }

    mutating func append(_ type: UInt16, long: UInt64) {
        append(
            type,
            words: [UInt32(truncatingIfNeeded: long), UInt32(truncatingIfNeeded: long >> 32)])
    }

    /// Machine order, which is little-endian wherever this runs.
    static func bytes(_ word: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
    }
}
