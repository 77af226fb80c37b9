// What a rule matches: a sparse list of 64-bit words of the flow key with value and mask. Small,
// hashable, ordered; it is at once the control room's match and the classifier's compiled form.
// Access by field is in `FlowMatch+Fields.swift`.

/// One 64-bit word of a flow key that a match constrains. Value and mask are in memory order:
/// they compare directly against the word loaded from the key.
@frozen public struct MatchWord: Hashable, Sendable {
    /// Index of the word in the flow key (byte offset / 8).
    public var index: UInt8
    public var value: UInt64
    public var mask: UInt64

    @inlinable public init(index: UInt8, value: UInt64, mask: UInt64) {
        self.index = index
        self.value = value
        self.mask = mask
    }
}

/// A match on a flow key.
///
/// **Shape**: words sorted by index, each mask non-zero, no value bit outside its mask; so equal
/// matches are equal values.
public struct FlowMatch: Hashable, Sendable {
    public private(set) var words: [MatchWord] = []

    /// Matches every packet.
    public init() {}

    public var isCatchAll: Bool { words.isEmpty }

    /// Whether every packet that `other` matches is matched by this one: the test of a non-strict
    /// flow-mod or a flow-stats request.
    public func covers(_ other: FlowMatch) -> Bool {
        var position = 0
        for word in words {
            while position < other.words.count && other.words[position].index < word.index {
                position += 1
            }
            guard position < other.words.count, other.words[position].index == word.index,
                other.words[position].mask & word.mask == word.mask,
                (other.words[position].value ^ word.value) & word.mask == 0
            else { return false }
        }
        return true
    }

    /// Whether some packet could match both: the test of OpenFlow's overlap check.
    public func overlaps(_ other: FlowMatch) -> Bool {
        var position = 0
        for word in words {
            while position < other.words.count && other.words[position].index < word.index {
                position += 1
            }
            guard position < other.words.count else { return true }
            guard other.words[position].index == word.index else { continue }
            let common = other.words[position].mask & word.mask
            if (other.words[position].value ^ word.value) & common != 0 { return false }
        }
        return true
    }

    /// The word at `index`; unconstrained where the match has none.
    func word(at index: UInt8) -> MatchWord {
        for word in words where word.index >= index {
            return word.index == index ? word : MatchWord(index: index, value: 0, mask: 0)
        }
        return MatchWord(index: index, value: 0, mask: 0)
    }

    /// Constrains the bits of `mask` in the word at `index`; its other bits stay.
    mutating func merge(_ index: UInt8, value: UInt64, mask: UInt64) {
        guard mask != 0 else { return }
        var position = words.count
        while position > 0 && words[position - 1].index >= index { position -= 1 }
        if position < words.count && words[position].index == index {
            words[position].value = words[position].value & ~mask | value & mask
            words[position].mask |= mask
        } else {
            words.insert(MatchWord(index: index, value: value & mask, mask: mask), at: position)
        }
    }

    /// Frees the bits of `mask` in the word at `index`.
    mutating func release(_ index: UInt8, mask: UInt64) {
        guard let position = words.firstIndex(where: { $0.index == index }) else { return }
        words[position].mask &= ~mask
        words[position].value &= ~mask
        if words[position].mask == 0 { words.remove(at: position) }
    }
}
