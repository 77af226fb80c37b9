// Numbers of OpenFlow ports that mean something else than a port, in their 32-bit form.

/// The reserved OpenFlow ports the interpreter acts on.
@frozen public enum ReservedOpenFlowPort {
    @inlinable public static var unset: UInt32 { 0xffff_fff7 }
    @inlinable public static var inPort: UInt32 { 0xffff_fff8 }
    @inlinable public static var table: UInt32 { 0xffff_fff9 }
    @inlinable public static var normal: UInt32 { 0xffff_fffa }
    @inlinable public static var flood: UInt32 { 0xffff_fffb }
    @inlinable public static var all: UInt32 { 0xffff_fffc }
    @inlinable public static var controller: UInt32 { 0xffff_fffd }
    @inlinable public static var local: UInt32 { 0xffff_fffe }
    /// OFPP_NONE and OFPP_ANY.
    @inlinable public static var any: UInt32 { 0xffff_ffff }
}
