// JSON text to values and back, on literal text: what is accepted, what is refused and at which
// byte. The random test feeds damaged text to the parser and asks only that it returns.

import TestSupport
import Testing

@testable import OVSDB

@Suite struct JSONValueTests {
    @Test("every kind of value parses to what it says")
    func parsesValues() throws {
        #expect(try JSONValue(parsing: " null ") == .null)
        #expect(try JSONValue(parsing: "[true,false]") == [true, false])
        #expect(try JSONValue(parsing: "-0") == .integer(0))
        #expect(try JSONValue(parsing: "9223372036854775807") == .integer(.max))
        #expect(try JSONValue(parsing: "-9223372036854775808") == .integer(.min))
        #expect(try JSONValue(parsing: "9223372036854775808") == .real(9_223_372_036_854_775_808))
        #expect(try JSONValue(parsing: "1.5e3") == .real(1500))
        #expect(try JSONValue(parsing: "1e3").integerValue == 1000)
        #expect(try JSONValue(parsing: "[ ]") == [])
        #expect(
            try JSONValue(parsing: #"{"b":1,"a":[{}]}"#)
                == .members(["b": 1, "a": [.members([:])]]))
    }

    @Test("escapes, surrogate pairs and raw UTF-8 become the same text")
    func parsesStrings() throws {
        #expect(
            try JSONValue(parsing: #""\"\\\/\b\f\n\r\t""#)
                == .string("\"\\/\u{8}\u{c}\n\r\t"))
        #expect(try JSONValue(parsing: #""\u00e9\ud83d\uDE00x""#) == .string("\u{e9}\u{1f600}x"))
        #expect(try JSONValue(parsing: "\"\u{e9}\u{1f600}\"") == .string("\u{e9}\u{1f600}"))
    }

    @Test(
        "malformed text is refused at the faulty byte",
        arguments: [
            ("", JSONError.Kind.unexpectedEnd, 0),
            ("[1", .unexpectedEnd, 2),
            ("[1,]", .unexpectedByte(UInt8(ascii: "]")), 3),
            ("{1:2}", .unexpectedByte(UInt8(ascii: "1")), 1),
            (#"{"a" 2}"#, .unexpectedByte(UInt8(ascii: "2")), 5),
            (#"{"a":2,}"#, .unexpectedByte(UInt8(ascii: "}")), 7),
            ("[1 2]", .unexpectedByte(UInt8(ascii: "2")), 3),
            ("tru", .badLiteral, 0),
            ("1 2", .trailingBytes, 2),
            ("01", .badNumber, 2),
            ("1.", .badNumber, 2),
            ("1e+", .badNumber, 3),
            ("1e999", .badNumber, 5),
            ("-", .unexpectedEnd, 1),
            ("\"a\nb\"", .badCharacter, 2),
            (#""\u0000""#, .badCharacter, 7),
            (#""\x""#, .badEscape, 2),
            (#""\ud800""#, .badEscape, 7),
            (#""\ud800\u0041""#, .badEscape, 13),
            (#""\udc00""#, .badEscape, 7),
            (#""\u12"#, .unexpectedEnd, 3),
            (#""\u12g4""#, .badEscape, 5),
            (#""abc"#, .unexpectedEnd, 4),
            ("nul", .badLiteral, 0),
        ])
    func refuses(text: String, kind: JSONError.Kind, offset: Int) {
        #expect(throws: JSONError(kind, offset: offset)) { try JSONValue(parsing: text) }
    }

    @Test(
        "strings that aren't UTF-8 are refused",
        arguments: [
            [0x80], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82],
        ])
    func refusesBadUTF8(bytes: [UInt8]) {
        let plain = [0x22] + bytes + [0x22]
        let escaped = Array(#""\n"#.utf8) + bytes + [0x22]
        for text in [plain, escaped] {
            #expect { try JSONValue(parsing: text) } throws: {
                ($0 as? JSONError)?.kind == .badUTF8
            }
        }
    }

    @Test("depth and size are bounded")
    func limits() throws {
        let limits = JSONLimits(depthMax: 3, bytesMax: 8)
        #expect(try JSONValue(parsing: "[[[]]]", limits: limits) == [[[]]])
        #expect(throws: JSONError(.tooDeep, offset: 3)) {
            try JSONValue(parsing: "[[[[]]]]", limits: limits)
        }
        #expect(throws: JSONError(.tooLarge, offset: 8)) {
            try JSONValue(parsing: "[1,2,3,4]", limits: limits)
        }
    }

    @Test("what is written reads back as the same value")
    func roundTrips() throws {
        let value: JSONValue = .members([
            "text": .string("q\"b\\n\n\u{1}\u{7f}\u{e9}\u{1f600}"),
            "numbers": [.integer(.min), .integer(.max), .real(0.1), .real(1e300), .real(-2.5)],
            "rest": [.null, true, false, [], .members([:])],
        ])
        #expect(try JSONValue(parsing: value.serialised()) == value)
        #expect(
            JSONValue.members(["a": ["\u{1f}/", 1, .real(.infinity)]]).serialisedText()
                == #"{"a":["\u001f/",1,null]}"#)
    }

    @Test("of two members with one name the later counts")
    func repeatedNames() throws {
        #expect(try JSONValue(parsing: #"{"a":1,"a":2}"#)["a"] == 2)
    }

    @Test("damaged text never stops the parser or the framer")
    func survivesDamage() {
        let sample = Array(
            #"{"a":["map",[["k\n","\u00e9"],["x",-1.5e2]]],"b":[true,null,{"c":[]}],"id":7}"#.utf8)
        var random = SeededRandom(0x5eed)
        for _ in 0..<20_000 {
            var text = sample
            for _ in 0...Int.random(in: 0..<4, using: &random) {
                let place = Int.random(in: 0..<text.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: text[place] = UInt8.random(in: 0...255, using: &random)
                case 1: text.remove(at: place)
                default: text.insert(UInt8.random(in: 0...255, using: &random), at: place)
                }
            }
            let parsed = try? JSONValue(parsing: text)
            if let parsed { #expect((try? JSONValue(parsing: parsed.serialised())) == parsed) }
            var framer = JSONFramer(limits: JSONLimits(depthMax: 8, bytesMax: 256))
            framer.append(text)
            while let value = try? framer.next() { _ = value }
        }
    }
}
