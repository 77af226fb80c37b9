// Reading and writing fields of a flow key that crossed from the engine as bytes. Every offset is
// checked, as the bytes come from another room.

import Flow

/// Access to the bytes of a flow key.
enum KeyBytes {
    /// The field at `location`, right aligned in as many bytes as it needs.
    static func value(_ key: [UInt8], at location: FieldLocation) -> FieldValue {
        let count = max((location.bitCount + 7) / 8, 1)
        var result = FieldValue(0, byteCount: count)
        for bit in 0..<location.bitCount {
            let position = bit + location.shift
            let index = location.offset + location.byteCount - 1 - position / 8
            guard key.indices.contains(index) else { break }
            if key[index] >> UInt8(position % 8) & 1 == 1 {
                result.bytes[count - 1 - bit / 8] |= 1 << UInt8(bit % 8)
            }
        }
        return result
    }

    static func value(_ key: [UInt8], of field: Field) -> FieldValue {
        value(key, at: field.info.location)
    }

    /// The word of the key at `index`, in memory order.
    static func word(_ key: [UInt8], _ index: Int) -> UInt64 {
        var word: UInt64 = 0
        for step in 0..<8 where key.indices.contains(index * 8 + step) {
            word |= UInt64(key[index * 8 + step]) << UInt64(step * 8)
        }
        return word
    }

    /// Writes the masked bits of `match` over `key`.
    static func apply(_ match: FlowMatch, to key: inout [UInt8]) {
        for word in match.words {
            for step in 0..<8 {
                let index = Int(word.index) * 8 + step
                guard key.indices.contains(index) else { continue }
                let mask = UInt8(truncatingIfNeeded: word.mask >> UInt64(step * 8))
                let value = UInt8(truncatingIfNeeded: word.value >> UInt64(step * 8))
                key[index] = key[index] & ~mask | value & mask
            }
        }
    }
}
