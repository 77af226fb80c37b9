// A match spread out over two flow keys, one of values and one of masks: the form in which
// printers read it, whether it came from a rule or from a packet's key.

import Flow

struct MatchBytes {
    private(set) var value: [UInt8]
    private(set) var mask: [UInt8]

    init() {
        value = [UInt8](repeating: 0, count: FlowLayout.byteCount)
        mask = value
    }

    init(_ match: FlowMatch) {
        self.init()
        for word in match.words where Int(word.index) < FlowLayout.wordCount {
            let base = Int(word.index) * 8
            for byte in 0..<8 {
                value[base + byte] = UInt8(truncatingIfNeeded: word.value >> UInt64(byte * 8))
                mask[base + byte] = UInt8(truncatingIfNeeded: word.mask >> UInt64(byte * 8))
            }
        }
    }

    /// All of a key's values, with nothing masked yet.
    init(valuesOf key: FlowKey) {
        value = Array(UnsafeRawBufferPointer(start: key.base, count: FlowLayout.byteCount))
        mask = [UInt8](repeating: 0, count: FlowLayout.byteCount)
    }

    /// Makes `count` bytes at `offset` count.
    mutating func expose(_ offset: Int, _ count: Int) {
        for index in offset..<(offset + count) { mask[index] = 0xff }
    }

    /// Makes single bits of eight bytes count.
    mutating func exposeBits(_ bits: UInt64, at offset: Int) {
        for index in 0..<8 {
            mask[offset + index] |= UInt8(truncatingIfNeeded: bits >> UInt64(56 - index * 8))
        }
    }

    /// A big-endian number of the values.
    func number(_ offset: Int, _ count: Int) -> UInt64 { MatchBytes.read(value, offset, count) }

    /// A big-endian number of the masks.
    func maskNumber(_ offset: Int, _ count: Int) -> UInt64 { MatchBytes.read(mask, offset, count) }

    func bytes(_ offset: Int, _ count: Int) -> [UInt8] { Array(value[offset..<(offset + count)]) }

    func maskBytes(_ offset: Int, _ count: Int) -> [UInt8] {
        Array(mask[offset..<(offset + count)])
    }

    private static func read(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> UInt64 {
        var result: UInt64 = 0
        for index in offset..<(offset + count) { result = result << 8 | UInt64(bytes[index]) }
        return result
    }
}
