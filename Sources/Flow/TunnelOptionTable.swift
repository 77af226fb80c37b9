// A bridge's table of tunnel options: which Geneve option `tun_metadata<n>` stands for and where
// its bytes lie in the flow key. Set by the controller, read by the codec, the extraction of
// tunnel headers and the compiler of rules.

/// The tunnel options that a bridge knows.
///
/// **Shape**: at most 64 options in 256 bytes of the flow key, in units of 4 bytes. An option lies
/// in one piece; where only smaller gaps are left the table counts as full.
///
/// **Source**: ovs-fields(7), "Geneve Fields"; ovs-ofctl(8), add-tlv-map.
public struct TunnelOptionTable: Hashable, Sendable {
    /// One option.
    public struct Mapping: Hashable, Sendable {
        public let optionClass: UInt16
        public let type: UInt8
        /// Bytes of the option's value.
        public let byteCount: Int
        /// n of `tun_metadata<n>`.
        public let index: Int
        /// First byte in the flow key.
        public let offset: Int

        /// Where the value lies in the flow key.
        public var location: FieldLocation {
            FieldLocation(
                offset: offset, byteCount: byteCount, shift: 0, bitCount: byteCount * 8)
        }
    }

    /// How many options there may be.
    public static let capacity = 64

    /// The options by index.
    public private(set) var mappings: [Mapping] = []
    /// Bit n is set where unit n of the region is taken.
    private var taken: UInt64 = 0

    public init() {}

    /// Maps an option.
    ///
    /// **Errors**: `badIndex` beyond 63, `badLength` unless 4 to 124 in fours, `alreadyMapped` the
    /// index, `duplicate` the option, `full` the region.
    public mutating func add(
        optionClass: UInt16, type: UInt8, byteCount: Int, index: Int
    ) throws(TunnelOptionError) {
        guard (0..<Self.capacity).contains(index) else { throw .badIndex }
        guard byteCount > 0, byteCount <= 124, byteCount % 4 == 0 else { throw .badLength }
        guard mapping(index) == nil else { throw .alreadyMapped }
        guard mapping(optionClass: optionClass, type: type) == nil else { throw .duplicate }
        guard let unit = freeUnit(count: byteCount / 4) else { throw .full }
        taken |= TunnelOptionTable.units(unit, byteCount / 4)
        let position = mappings.firstIndex { $0.index > index } ?? mappings.count
        mappings.insert(
            Mapping(
                optionClass: optionClass, type: type, byteCount: byteCount, index: index,
                offset: FlowLayout.tunnelMetadata + unit * 4),
            at: position)
    }

    /// Unmaps `tun_metadata<index>`; an index without a mapping is left alone.
    ///
    /// - Parameter used: bit n is set where some rule uses `tun_metadata<n>`.
    ///
    /// **Errors**: `badIndex` beyond 63, `inUse` where a rule needs it.
    public mutating func delete(_ index: Int, used: UInt64 = 0) throws(TunnelOptionError) {
        guard (0..<Self.capacity).contains(index) else { throw .badIndex }
        guard let mapping = mapping(index) else { return }
        guard used >> UInt64(index) & 1 == 0 else { throw .inUse }
        let unit = (mapping.offset - FlowLayout.tunnelMetadata) / 4
        taken &= ~TunnelOptionTable.units(unit, mapping.byteCount / 4)
        mappings.removeAll { $0.index == index }
    }

    /// Unmaps all.
    ///
    /// **Errors**: `inUse` where a rule uses any that is mapped.
    public mutating func clear(used: UInt64 = 0) throws(TunnelOptionError) {
        for mapping in mappings where used >> UInt64(mapping.index) & 1 == 1 { throw .inUse }
        self = TunnelOptionTable()
    }

    /// The option that `tun_metadata<index>` stands for.
    public func mapping(_ index: Int) -> Mapping? { mappings.first { $0.index == index } }

    /// The option of that class and type.
    public func mapping(optionClass: UInt16, type: UInt8) -> Mapping? {
        mappings.first { $0.optionClass == optionClass && $0.type == type }
    }

    /// Where `tun_metadata<index>` lies in the flow key.
    public func location(ofIndex index: Int) -> FieldLocation? { mapping(index)?.location }

    /// Where `field` lies: its fixed place, or the table's for `tun_metadata<n>`.
    public func location(of field: Field) -> FieldLocation? {
        guard let index = field.tunnelMetadataIndex else { return field.info.location }
        return location(ofIndex: index)
    }

    /// The bit of the flow key that says that `tun_metadata<index>` was on the packet.
    public static func presence(ofIndex index: Int) -> FieldLocation {
        FieldLocation(
            offset: FlowLayout.tunnelMetadataPresent, byteCount: 8, shift: index, bitCount: 1)
    }

    /// The first unit of the first gap that is long enough.
    private func freeUnit(count: Int) -> Int? {
        let last = FlowLayout.tunnelMetadataByteCount / 4 - count
        return (0...max(last, 0)).first {
            taken & TunnelOptionTable.units($0, count) == 0
        }
    }

    private static func units(_ first: Int, _ count: Int) -> UInt64 {
        (1 << UInt64(count) - 1) << UInt64(first)
    }
}

/// Why a change of the option table was refused.
public enum TunnelOptionError: Error, Hashable, Sendable {
    case badIndex, badLength, alreadyMapped, duplicate, full, inUse
}

extension FlowMatch {
    /// Constrains `tun_metadata<index>`, and that the option is present. `value` and `mask` are
    /// as wide as the option.
    public mutating func setTunnelOption(
        _ mapping: TunnelOptionTable.Mapping, value: FieldValue, mask: FieldValue
    ) {
        setBits(TunnelOptionTable.presence(ofIndex: mapping.index), value: 1, mask: 1)
        set(mapping.location, value: value, mask: mask)
    }

    /// Bit n is set where the match needs `tun_metadata<n>`.
    public var tunnelOptionsUsed: UInt64 {
        let word = word(at: UInt8(FlowLayout.tunnelMetadataPresent / 8))
        return word.mask.bigEndian
    }
}
