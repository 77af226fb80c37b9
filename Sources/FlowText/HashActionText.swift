// `multipath(...)`, `bundle(...)` and `bundle_load(...)`: the actions that choose by a hash.

import Flow
import OpenFlow

enum HashActionText {
    private static let fieldNames: [(HashFields, String)] = [
        (.ethSource, "eth_src"), (.symmetricL4, "symmetric_l4"),
        (.symmetricL3L4, "symmetric_l3l4"), (.symmetricL3L4UDP, "symmetric_l3l4+udp"),
        (.networkSource, "nw_src"), (.networkDestination, "nw_dst"),
        (.symmetricL3, "symmetric_l3"),
    ]
    private static let multipathNames: [(MultipathAction.Algorithm, String)] = [
        (.moduloN, "modulo_n"), (.hashThreshold, "hash_threshold"), (.highestRandomWeight, "hrw"),
        (.iterativeHash, "iter_hash"),
    ]
    private static let bundleNames: [(BundleAction.Algorithm, String)] = [
        (.activeBackup, "active_backup"), (.highestRandomWeight, "hrw"),
    ]
    private static let membersMax = 2048

    static func text(_ fields: HashFields) -> String {
        fieldNames.first { $0.0 == fields }?.1 ?? "<unknown>"
    }

    static func text(_ action: MultipathAction) -> String {
        let algorithm = multipathNames.first { $0.0 == action.algorithm }?.1 ?? "<unknown>"
        return "multipath(\(text(action.fields)),\(action.basis),\(algorithm),\(action.links),"
            + "\(action.argument),\(SubfieldText.text(action.destination)))"
    }

    static func text(_ action: BundleAction, _ context: FlowTextContext) -> String {
        let algorithm = bundleNames.first { $0.0 == action.algorithm }?.1 ?? "<unknown>"
        var text = action.destination == nil ? "bundle(" : "bundle_load("
        text += "\(self.text(action.fields)),\(action.basis),\(algorithm),ofport,"
        if let destination = action.destination { text += SubfieldText.text(destination) + "," }
        text += "members:" + action.members.map(context.portText).joined(separator: ",")
        return text + ")"
    }

    // MARK: Parsing

    static func parseMultipath(_ text: String) throws(FlowTextError) -> MultipathAction {
        var tokens = Tokens(text)
        let words = (0..<6).map { _ in tokens.next(", ") }
        guard let target = words[5] else {
            throw FlowTextError("\(text): not enough arguments to multipath action")
        }
        let given = words.map { $0 ?? "" }
        let fields = try parseFields(given[0], in: text)
        let name = given[2].lowercased()
        guard let algorithm = multipathNames.first(where: { $0.1 == name })?.0 else {
            throw FlowTextError("\(text): unknown algorithm `\(given[2])'")
        }
        let links = CNumber.prefixInt(given[3])
        guard (1...65536).contains(links) else {
            throw FlowTextError(
                "\(text): n_links \(links) is not in valid range 1 to 65536")
        }
        let destination = try SubfieldText.parse(target)
        guard FieldNames.hasShortHeader(destination.field) else {
            throw FlowTextError("\(text): experimenter OXM field '\(target)' not supported")
        }
        let values = 1 << min(destination.bitCount, 16)
        if destination.bitCount < 16, links > values {
            throw FlowTextError(
                "\(text): \(destination.bitCount)-bit destination field has \(values) possible "
                    + "values, less than specified n_links \(links)")
        }
        return MultipathAction(
            fields: fields, basis: UInt16(truncatingIfNeeded: CNumber.prefixInt(given[1])),
            algorithm: algorithm, links: UInt32(links),
            argument: UInt32(bitPattern: CNumber.prefixInt(given[4])), destination: destination)
    }

    static func parseBundle(
        _ text: String, load: Bool, _ context: FlowTextContext
    ) throws(FlowTextError) -> BundleAction {
        var tokens = Tokens(text)
        let words = (0..<4).map { _ in tokens.next(", ") }
        let target = load ? tokens.next(", ") : nil
        guard let delimiter = tokens.next(": ") else {
            throw FlowTextError("\(text): not enough arguments to bundle action")
        }
        guard ["members", "slaves"].contains(delimiter.lowercased()) else {
            throw FlowTextError(
                "\(text): missing member delimiter, expected `members', got `\(delimiter)'")
        }
        var members: [UInt32] = []
        while members.count < membersMax, let member = tokens.next(", []") {
            guard let port = context.port(member) else {
                throw FlowTextError("\(member): bad port number")
            }
            members.append(port)
        }
        let given = words.map { $0 ?? "" }
        let fields = try parseFields(given[0], in: text)
        let name = given[2].lowercased()
        guard let algorithm = bundleNames.first(where: { $0.1 == name })?.0 else {
            throw FlowTextError("\(text): unknown algorithm `\(given[2])'")
        }
        guard given[3].lowercased() == "ofport" else {
            throw FlowTextError("\(text): unknown member_type `\(given[3])'")
        }
        let destination = try target.map { (name) throws(FlowTextError) in
            let subfield = try SubfieldText.parse(name)
            guard FieldNames.hasShortHeader(subfield.field) else {
                throw FlowTextError("\(text): experimenter OXM field '\(name)' not supported")
            }
            return subfield
        }
        return BundleAction(
            fields: fields, basis: UInt16(truncatingIfNeeded: CNumber.prefixInt(given[1])),
            algorithm: algorithm, members: members, destination: destination)
    }

    static func parseFields(
        _ name: String, in text: String
    ) throws(FlowTextError) -> HashFields {
        let lower = name.lowercased()
        guard let fields = fieldNames.first(where: { $0.1 == lower })?.0 else {
            throw FlowTextError("\(text): unknown fields `\(name)'")
        }
        return fields
    }
}

/// Splits text as C's `strtok_r` does: runs of delimiters count as one.
struct Tokens {
    private var scanner: TextScanner

    init(_ text: String) { scanner = TextScanner(text) }

    mutating func next(_ delimiters: StaticString) -> String? {
        scanner.skip(delimiters)
        guard !scanner.isAtEnd else { return nil }
        let start = scanner.index
        while !scanner.isAtEnd, !delimiters.contains(scanner.current) { scanner.index += 1 }
        let token = scanner.text(from: start)
        if !scanner.isAtEnd { scanner.index += 1 }
        return token
    }

    /// All that is left.
    var rest: String { scanner.rest }
}
