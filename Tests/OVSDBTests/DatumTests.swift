// Column values: their JSON both ways, canonical form, accessors, and differences as update2 sends
// them, the last against a naive model.

import TestSupport
import Testing

@testable import OVSDB

@Suite struct DatumTests {
    private static let uuidText = "550e8400-e29b-41d4-a716-446655440000"
    private let uuid = RowUUID(high: 0x550e_8400_e29b_41d4, low: 0xa716_4466_5544_0000)

    @Test("a row identifier reads and prints as text, and refuses everything else")
    func identifiers() {
        #expect(RowUUID(Self.uuidText) == uuid)
        #expect(RowUUID(Self.uuidText.uppercased()) == uuid)
        #expect(uuid.description == Self.uuidText)
        #expect(RowUUID("550e8400-e29b-41d4-a716-44665544000") == nil)
        #expect(RowUUID("550e8400-e29b-41d4-a716-44665544000g") == nil)
        #expect(RowUUID("550e8400e29b-41d4-a716-4466-55440000") == nil)
        #expect(RowUUID("") == nil)
        var random = SeededRandom(1)
        let made = RowUUID.random(using: &random)
        #expect(RowUUID(made.description) == made)
        #expect(made.high >> 12 & 0xF == 4 && made.low >> 62 == 0b10)
    }

    @Test("sets, maps and references have RFC 7047's JSON")
    func json() throws {
        let cases: [(Datum, String, ColumnType)] = [
            (.string("a"), #""a""#, set(.string)),
            (.emptySet, #"["set",[]]"#, set(.string)),
            (.strings(["b", "a", "b"]), #"["set",["a","b"]]"#, set(.string)),
            (.integers([3, 1]), #"["set",[1,3]]"#, set(.integer)),
            (.boolean(true), "true", set(.boolean)),
            (.real(0.5), "0.5", set(.real)),
            (.uuid(uuid), #"["uuid","\#(Self.uuidText)"]"#, set(.uuid)),
            (.named("row0"), #"["named-uuid","row0"]"#, set(.uuid)),
            (.emptyMap, #"["map",[]]"#, map(.string, .string)),
            (.map(["k": "v", "a": "b"]), #"["map",[["a","b"],["k","v"]]]"#, map(.string, .string)),
            (.map(["rx": 5]), #"["map",[["rx",5]]]"#, map(.string, .integer)),
            (
                .map([2: uuid]), #"["map",[[2,["uuid","\#(Self.uuidText)"]]]]"#,
                map(.integer, .uuid)
            ),
        ]
        for (datum, text, type) in cases {
            #expect(datum.json.serialisedText() == text)
            #expect(try Datum(JSONValue(parsing: text), type: type) == datum)
        }
        #expect(try Datum(#"["set",[7]]"#.parsed, type: set(.integer)) == .integer(7))
        #expect(try Datum("3".parsed, type: set(.real)) == .real(3))
    }

    @Test(
        "values of another type or shape are refused",
        arguments: [
            ("\"x\"", OVSDBError.badAtom(.integer)),
            (#"["set",7]"#, .badSet),
            (#"["set",[1],2]"#, .badSet),
            (#"["set",[1,"x"]]"#, .badAtom(.integer)),
            (#"["uuid","x"]"#, .badAtom(.integer)),
        ])
    func refusesSets(text: String, error: OVSDBError) {
        #expect(throws: error) { try Datum(text.parsed, type: set(.integer)) }
    }

    @Test(
        "malformed maps are refused",
        arguments: [
            (#"["set",[]]"#, OVSDBError.badMap), (#"["map",[["a"]]]"#, .badMap),
            (#"["map",{}]"#, .badMap), (#"["map",[["a",1]]]"#, .badAtom(.string)), ("1", .badMap),
        ])
    func refusesMaps(text: String, error: OVSDBError) {
        #expect(throws: error) { try Datum(text.parsed, type: map(.string, .string)) }
    }

    @Test("accessors give plain values and defaults")
    func accessors() {
        #expect(Datum.string("x").optionalString == "x")
        #expect(Datum.emptySet.optionalString == nil)
        #expect(Datum.emptySet.string == "" && Datum.emptySet.integer == 0)
        #expect(Datum.integer(UInt64.max).integer == .max)
        #expect(Datum.strings(["b", "a"]).strings == ["a", "b"])
        #expect(Datum.map(["a": "1"]).stringMap == ["a": "1"])
        #expect(Datum.map(["a": 1]).integerMap == ["a": 1])
        #expect(Datum.map([7: uuid]).uuidByInteger == [7: uuid])
        #expect(Datum.uuids([uuid]).uuids == [uuid])
        #expect(Datum.optional(nil as Int?) == .emptySet)
        #expect(Datum.map(["a": "1", "b": "2"])[.string("b")] == .string("2"))
        #expect(Datum.map(["a": "1"])[.string("c")] == nil)
    }

    @Test("set differences are symmetric, map differences change, add and remove")
    func differences() {
        let random = (0..<300).map { SeededRandom(UInt64($0)) }
        for var random in random {
            let old = Set((0..<6).map { _ in Int64.random(in: 0..<8, using: &random) })
            let new = Set((0..<6).map { _ in Int64.random(in: 0..<8, using: &random) })
            let difference = Datum.integers(old.symmetricDifference(new))
            let applied = Datum.integers(old).applying(
                difference: difference, type: set(.integer))
            #expect(applied == .integers(new))

            let oldMap = randomMap(&random)
            let newMap = randomMap(&random)
            var changes: [String: Int64] = [:]
            for key in Set(oldMap.keys).union(newMap.keys) where oldMap[key] != newMap[key] {
                changes[key] = newMap[key] ?? oldMap[key]
            }
            let appliedMap = Datum.map(oldMap).applying(
                difference: .map(changes), type: map(.string, .integer))
            #expect(appliedMap == .map(newMap))
        }
    }

    @Test("a column of one element at most is replaced")
    func optionalDifference() {
        let type = ColumnType(key: BaseType(.integer), min: 0, max: 1)
        #expect(Datum.integer(1).applying(difference: .integer(2), type: type) == .integer(2))
        #expect(Datum.integer(1).applying(difference: .emptySet, type: type) == .emptySet)
    }

    private func randomMap(_ random: inout SeededRandom) -> [String: Int64] {
        var map: [String: Int64] = [:]
        for _ in 0..<4 {
            map[String(Int.random(in: 0..<6, using: &random))] =
                Int64.random(in: 0..<3, using: &random)
        }
        return map
    }

    private func set(_ atomic: AtomicType) -> ColumnType {
        ColumnType(key: BaseType(atomic), min: 0, max: .max)
    }

    private func map(_ key: AtomicType, _ value: AtomicType) -> ColumnType {
        ColumnType(key: BaseType(key), value: BaseType(value), min: 0, max: .max)
    }
}

extension String {
    /// The text as JSON, for literals in tests.
    var parsed: JSONValue { get throws { try JSONValue(parsing: self) } }
}
