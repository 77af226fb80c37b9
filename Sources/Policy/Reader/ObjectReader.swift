// Takes the fields of one object of a document: each by its names, once, with an error that has its
// line, field and value. What is left over is either known to carry no policy, or an error: a
// misspelled restriction must not be taken for none.

/// Collects what is wrong with a document.
final class ErrorList {
    private(set) var list: [PolicyError] = []

    func note(_ node: PolicyNode, _ field: String, _ reason: String) {
        guard list.count < PolicyErrors.limit else { return }
        list.append(
            PolicyError(line: node.line, field: field, value: node.text, reason: reason))
    }
}

/// Reads one object.
struct ObjectReader {
    let node: PolicyNode
    /// Where it is, such as `ports[2]`.
    let place: String
    let errors: ErrorList
    private var fields: [String: PolicyNode] = [:]

    /// Nil, and an error, where `node` is no object or names a field twice.
    init?(_ node: PolicyNode, _ place: String, _ errors: ErrorList) {
        self.node = node
        self.place = place
        self.errors = errors
        guard case .map(let entries) = node.content else {
            errors.note(node, place, "is not an object")
            return nil
        }
        for entry in entries {
            let key = ObjectReader.canonical(entry.key)
            if fields.updateValue(entry.value, forKey: key) != nil {
                errors.note(entry.value, "\(place).\(entry.key)", "is there twice")
            }
        }
    }

    /// Columns of `openstack … list` as the names of the API: `IP Protocol` is `ip_protocol`.
    static func canonical(_ key: String) -> String {
        guard key.utf8.contains(where: { $0 == 0x20 || (0x41...0x5a).contains($0) }) else {
            return key
        }
        return String(key.lowercased().map { $0 == " " ? "_" : $0 })
    }

    /// Takes the field of the first of `names` that is there and not null.
    mutating func take(_ names: String...) -> (name: String, node: PolicyNode)? {
        var found: (name: String, node: PolicyNode)?
        for name in names {
            guard let value = fields.removeValue(forKey: name) else { continue }
            switch value.content {
            case .null: continue
            case .string(let text) where text == "None": continue
            default: break
            }
            if found == nil { found = (name, value) }
        }
        return found
    }

    func fail(_ field: (name: String, node: PolicyNode), _ reason: String) {
        errors.note(field.node, "\(place).\(field.name)", reason)
    }

    /// The text of a field; numbers count as what they look like.
    func text(_ field: (name: String, node: PolicyNode)) -> String? {
        switch field.node.content {
        case .string(let text):
            if text.utf8.count <= 255 { return text }
            fail(field, "longer than 255 bytes")
            return nil
        case .number(let text): return text
        case .null, .boolean, .list, .map:
            fail(field, "is not a text")
            return nil
        }
    }

    mutating func text(_ names: String...) -> String? {
        for name in names { if let field = take(name) { return text(field) } }
        return nil
    }

    mutating func boolean(_ names: String..., fallback: Bool) -> Bool {
        for name in names {
            guard let field = take(name) else { continue }
            switch field.node.content {
            case .boolean(let value): return value
            case .string(let text) where ["true", "false"].contains(text.lowercased()):
                return text.lowercased() == "true"
            default: fail(field, "is neither true nor false")
            }
        }
        return fallback
    }

    /// A number within bounds.
    mutating func number(_ name: String, _ bounds: ClosedRange<Int>) -> UInt16? {
        guard let field = take(name), let text = text(field) else { return nil }
        guard let value = Int(text), bounds.contains(value) else {
            fail(field, "is not a number from \(bounds.lowerBound) to \(bounds.upperBound)")
            return nil
        }
        return UInt16(value)
    }

    /// The items of a list.
    mutating func items(_ names: String...) -> [(name: String, node: PolicyNode)] {
        for name in names {
            guard let field = take(name) else { continue }
            guard case .list(let items) = field.node.content else {
                fail(field, "is not a list")
                return []
            }
            return items.enumerated().map { ("\(field.name)[\($0)]", $1) }
        }
        return []
    }

    /// A map of texts.
    mutating func texts(_ name: String) -> [String: String] {
        guard let field = take(name) else { return [:] }
        guard case .map(let entries) = field.node.content else {
            fail(field, "is not an object")
            return [:]
        }
        var result: [String: String] = [:]
        for entry in entries {
            result[entry.key] = text(("\(field.name).\(entry.key)", entry.value))
        }
        return result
    }

    /// Everything that is left must be among `ignored`.
    func finish(ignoring ignored: Set<String>) {
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) where !ignored.contains(key) {
            errors.note(value, "\(place).\(key)", "is not a field that a policy has")
        }
    }
}
