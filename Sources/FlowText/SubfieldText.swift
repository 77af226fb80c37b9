// A range of bits of a field as text: `NXM_NX_REG0[]`, `reg0[3]`, `OXM_OF_PKT_REG1[0..31]`.

import Flow

enum SubfieldText {
    static func text(_ subfield: Subfield) -> String {
        let name = FieldNames.subfieldName(of: subfield.field)
        if subfield.isWhole { return name + "[]" }
        if subfield.bitCount == 1 { return name + "[\(subfield.offset)]" }
        return name + "[\(subfield.offset)..\(subfield.offset + subfield.bitCount - 1)]"
    }

    /// A whole text that is one subfield.
    static func parse(_ text: String) throws(FlowTextError) -> Subfield {
        var scanner = TextScanner(text)
        let subfield = try parse(&scanner)
        guard scanner.isAtEnd else {
            throw FlowTextError("unexpected input following field syntax")
        }
        return subfield
    }

    /// A subfield at the scanner's place, which moves behind it.
    static func parse(_ scanner: inout TextScanner) throws(FlowTextError) -> Subfield {
        let full = scanner.rest
        let start = scanner.index
        var place = scanner
        while !place.isAtEnd, place.current != UInt8(ascii: "["), place.current != UInt8(ascii: "-")
        {
            place.index += 1
        }
        let name = place.text(from: start)
        guard let field = FieldNames.subfieldField(name) else {
            throw FlowTextError("\(full): unknown field `\(name)'")
        }
        let width = field.info.bitCount
        var first = 0
        var last = width - 1
        if place.current == UInt8(ascii: "[") {
            (first, last) = try bounds(&place, whole: last, of: full)
        }
        if first > last {
            throw FlowTextError("\(full): starting bit \(first) is after ending bit \(last)")
        }
        if first >= width || first < 0 {
            throw FlowTextError(
                "\(full): starting bit \(first) is not valid because field is only \(width) "
                    + "bits wide")
        }
        if last >= width {
            throw FlowTextError(
                "\(full): ending bit \(last) is not valid because field is only \(width) bits wide")
        }
        scanner = place
        return Subfield(field, offset: first, bitCount: last - first + 1)
    }

    private static func bounds(
        _ scanner: inout TextScanner, whole last: Int, of full: String
    ) throws(FlowTextError) -> (Int, Int) {
        if scanner.take("[]") { return (0, last) }
        var range = scanner
        if range.take("["), let first = range.scanInt(base: 10) {
            let first = Int(Int32(truncatingIfNeeded: first))
            var single = range
            if single.take("]") {
                scanner = single
                return (first, first)
            }
            if range.take(".."), let last = range.scanInt(base: 10), range.take("]") {
                scanner = range
                return (first, Int(Int32(truncatingIfNeeded: last)))
            }
        }
        throw FlowTextError(
            "\(full): syntax error expecting [] or [<bit>] or [<start>..<end>]")
    }
}
