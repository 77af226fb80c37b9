// From files to documents: YAML by its marks, JSON by our own reader, which is faster. Both give
// the same trees, with the line of each value.

import Glibc
import Policy
import Yams

/// Why a file is no policy: one line each, with the file's name.
struct PolicySourceError: Error {
    let lines: [String]
}

/// Reads policies.
enum PolicySource {
    /// The tree of a file; `-` is the standard input.
    static func tree(_ path: String) throws(PolicySourceError) -> PolicyNode {
        let bytes = try read(path)
        let first = bytes.first { ![0x20, 0x09, 0x0a, 0x0d].contains($0) }
        if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
            do throws(PolicyError) {
                return try PolicyJSON.parse(bytes)
            } catch {
                throw PolicySourceError(lines: ["\(path): \(error)"])
            }
        }
        do {
            // Aliases would be copied where they stand: small files that become endless.
            let parser = try Parser(yaml: String(decoding: bytes, as: UTF8.self))
            guard let root = try parser.singleRoot() else { return PolicyNode(line: 1, .null) }
            return try node(root, path, depth: 0)
        } catch let error as PolicySourceError {
            throw error
        } catch let error as YamlError {
            throw PolicySourceError(lines: ["\(path): \(error)"])
        } catch {
            throw PolicySourceError(lines: ["\(path): \(error)"])
        }
    }

    /// The document that several files make up together.
    static func document(_ paths: [String]) throws(PolicySourceError) -> PolicyDocument {
        var trees: [PolicyNode] = []
        for path in paths { trees.append(try tree(path)) }
        do throws(PolicyErrors) {
            return try PolicyReader.read(trees)
        } catch {
            let place = paths.joined(separator: "+")
            throw PolicySourceError(lines: error.list.map { "\(place): \($0)" })
        }
    }

    private static func node(
        _ node: Node, _ path: String, depth: Int
    ) throws(PolicySourceError) -> PolicyNode {
        let line = node.mark?.line ?? 0
        guard depth < 16 else {
            throw PolicySourceError(lines: ["\(path): line \(line): nested too deep"])
        }
        switch node {
        case .scalar(let scalar): return PolicyNode(line: line, content(scalar))
        case .sequence(let sequence):
            var items: [PolicyNode] = []
            items.reserveCapacity(sequence.count)
            for item in sequence { items.append(try self.node(item, path, depth: depth + 1)) }
            return PolicyNode(line: line, .list(items))
        case .mapping(let mapping):
            var entries: [(key: String, line: Int, value: PolicyNode)] = []
            entries.reserveCapacity(mapping.count)
            for (key, value) in mapping {
                entries.append(
                    (
                        key.string ?? "", key.mark?.line ?? line,
                        try self.node(value, path, depth: depth + 1)
                    ))
            }
            return PolicyNode(line: line, .map(entries))
        case .alias:
            throw PolicySourceError(
                lines: ["\(path): line \(line): aliases are not taken; repeat the value"])
        }
    }

    private static func content(_ scalar: Node.Scalar) -> PolicyNode.Content {
        guard scalar.style == .plain || scalar.style == .any else { return .string(scalar.string) }
        switch scalar.string {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .boolean(true)
        case "false", "False", "FALSE": return .boolean(false)
        case let text where text.utf8.allSatisfy({ (0x30...0x39).contains($0) }):
            return .number(text)
        case let text: return .string(text)
        }
    }

    private static func read(_ path: String) throws(PolicySourceError) -> [UInt8] {
        let file = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
        func failure() -> PolicySourceError {
            PolicySourceError(lines: ["\(path): \(String(cString: strerror(errno)))"])
        }
        guard file >= 0 else { throw failure() }
        defer { if file > 0 { close(file) } }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            guard count >= 0 else { throw failure() }
            if count == 0 { return bytes }
            bytes += buffer[0..<count]
            guard bytes.count <= PolicyJSON.bytesMax else {
                throw PolicySourceError(
                    lines: ["\(path): longer than \(PolicyJSON.bytesMax) bytes"])
            }
        }
    }
}
