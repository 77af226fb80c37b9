// The value of one column of one row: a set of atoms (a scalar is a set of one, an absent optional
// a set of none) or a map. Keys are sorted and unique, so two data are equal exactly when the
// database says so. JSON is in `Datum+JSON.swift`, what readers ask for in
// `Datum+Accessors.swift`.

/// A column's value.
public struct Datum: Hashable, Sendable {
    /// The members of a set or the keys of a map, ascending and unique.
    public private(set) var keys: [Atom]
    /// The value of each key of a map; empty for a set.
    public private(set) var values: [Atom]
    /// Whether this is a map; an empty map and an empty set are different.
    public let isMap: Bool

    /// A set; order and repetition don't matter.
    public init(set atoms: some Sequence<Atom>) {
        keys = Datum.sortedUnique(Array(atoms))
        values = []
        isMap = false
    }

    /// A set of one.
    public init(_ atom: Atom) {
        keys = [atom]
        values = []
        isMap = false
    }

    /// A map; of two pairs with one key the later counts.
    public init(map pairs: some Sequence<(Atom, Atom)>) {
        var pairs = Array(pairs)
        if !Datum.isAscending(pairs.lazy.map(\.0)) {
            // The standard sort is stable, so the last of equals is the one written last.
            pairs.sort { $0.0 < $1.0 }
        }
        keys = []
        values = []
        keys.reserveCapacity(pairs.count)
        values.reserveCapacity(pairs.count)
        for (key, value) in pairs {
            if keys.last == key {
                values[values.count - 1] = value
            } else {
                keys.append(key)
                values.append(value)
            }
        }
        isMap = true
    }

    public static let emptySet = Datum(set: [])
    public static let emptyMap = Datum(map: [])

    public var count: Int { keys.count }
    public var isEmpty: Bool { keys.isEmpty }

    /// The key of a map or member of a set at its place.
    private func index(of key: Atom) -> Int? {
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low < keys.count && keys[low] == key ? low : nil
    }

    /// Whether a set has this member, or a map this key. **Cost**: O(log n).
    public func contains(_ key: Atom) -> Bool { index(of: key) != nil }

    /// The value of a map's key. **Cost**: O(log n).
    public subscript(key: Atom) -> Atom? {
        guard isMap, let index = index(of: key) else { return nil }
        return values[index]
    }

    private static func isAscending(_ atoms: some Sequence<Atom>) -> Bool {
        var previous: Atom?
        for atom in atoms {
            if let previous, !(previous < atom) { return false }
            previous = atom
        }
        return true
    }

    private static func sortedUnique(_ atoms: [Atom]) -> [Atom] {
        if isAscending(atoms) { return atoms }
        var unique: [Atom] = []
        unique.reserveCapacity(atoms.count)
        for atom in atoms.sorted() where unique.last != atom { unique.append(atom) }
        return unique
    }
}

extension Datum {
    /// This value after a `modify` of `update2` or `update3`.
    ///
    /// A column that can hold one element at most is replaced. For a set, what is in one of the
    /// two stays; for a map, new keys are added, keys with another value changed and equal pairs
    /// removed.
    ///
    /// **Source**: ovsdb-server(7), section 4.1.14.
    public func applying(difference: Datum, type: ColumnType) -> Datum {
        guard type.max > 1 else { return difference }
        return isMap ? applyingMap(difference) : applyingSet(difference)
    }

    private func applyingSet(_ difference: Datum) -> Datum {
        var merged: [Atom] = []
        var mine = 0
        var theirs = 0
        while mine < keys.count, theirs < difference.keys.count {
            if keys[mine] == difference.keys[theirs] {
                mine += 1
                theirs += 1
            } else if keys[mine] < difference.keys[theirs] {
                merged.append(keys[mine])
                mine += 1
            } else {
                merged.append(difference.keys[theirs])
                theirs += 1
            }
        }
        merged.append(contentsOf: keys[mine...])
        merged.append(contentsOf: difference.keys[theirs...])
        return Datum(set: merged)
    }

    private func applyingMap(_ difference: Datum) -> Datum {
        guard difference.isMap else { return self }
        var pairs: [(Atom, Atom)] = []
        for (key, value) in zip(keys, values) where !difference.contains(key) {
            pairs.append((key, value))
        }
        for (key, value) in zip(difference.keys, difference.values) where self[key] != value {
            pairs.append((key, value))
        }
        return Datum(map: pairs)
    }
}
