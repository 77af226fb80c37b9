// The OpenFlow port numbers with a meaning of their own, in the 32-bit form of OpenFlow 1.1 and
// later. OpenFlow 1.0 has the same in 16 bits; the codec converts.

/// Reserved OpenFlow port numbers (OFPP_*).
public enum ReservedPort {
    /// The highest number a real port may have.
    public static let max: UInt32 = 0xffff_ff00
    /// The lowest reserved number of OpenFlow 1.0.
    public static let max16: UInt16 = 0xff00
    /// Not a wire value of OpenFlow: "no port given" in OpenFlow 1.0 requests.
    public static let unset: UInt32 = 0xffff_fff7
    public static let inPort: UInt32 = 0xffff_fff8
    public static let table: UInt32 = 0xffff_fff9
    public static let normal: UInt32 = 0xffff_fffa
    public static let flood: UInt32 = 0xffff_fffb
    public static let all: UInt32 = 0xffff_fffc
    public static let controller: UInt32 = 0xffff_fffd
    public static let local: UInt32 = 0xffff_fffe
    /// OFPP_NONE of 1.0, OFPP_ANY later.
    public static let any: UInt32 = 0xffff_ffff

    /// The 32-bit form of a 16-bit port number.
    public static func widen(_ port: UInt16) -> UInt32 {
        port >= max16 ? UInt32(port) | 0xffff_0000 : UInt32(port)
    }

    /// The 16-bit form, if the port has one.
    public static func narrow(_ port: UInt32) -> UInt16? {
        if port < UInt32(max16) { return UInt16(port) }
        if port >= 0xffff_ff00 { return UInt16(truncatingIfNeeded: port) }
        return nil
    }
}
