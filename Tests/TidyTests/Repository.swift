// The repository as the tidy tests read it: source files by module, and the documents. Read once;
// nothing is written.

import Foundation

/// A text file of the repository.
struct SourceFile: Sendable, CustomStringConvertible {
    /// Relative to the repository's root.
    var path: String
    var lines: [String]

    var description: String { path }

    /// The module of a file below Sources or Tests.
    var module: String { String(path.split(separator: "/")[1]) }

    /// The lines with comments and the contents of string literals taken out.
    var code: [String]

    init(path: String, lines: [String]) {
        self.path = path
        self.lines = lines
        code = lines.map(Self.withoutTexts)
    }

    /// The modules that the file imports.
    var imports: [String] {
        let access: Set<Substring> = ["public", "package", "internal", "private"]
        let kinds: Set<Substring> = ["struct", "func", "class", "enum", "let", "var", "protocol"]
        return code.compactMap { line in
            let words = line.split(separator: " ")
            guard let index = words.firstIndex(of: "import"), index + 1 < words.count,
                words[..<index].allSatisfy({ $0.hasPrefix("@") || access.contains($0) })
            else { return nil }
            let name = kinds.contains(words[index + 1]) ? words[index + 2] : words[index + 1]
            return String(name.split(separator: ".")[0])
        }
    }

    private static func withoutTexts(_ line: String) -> String {
        guard line.contains("\"") || line.contains("//") else { return line }
        let bare = line.replacing(/"(?:[^"\\]|\\.)*"/, with: "\"\"")
        guard let comment = bare.firstRange(of: "//") else { return bare }
        return String(bare[..<comment.lowerBound])
    }
}

/// The checked-out repository.
enum Repository {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static let sources = files(below: "Sources", ending: ".swift")
    static let tests = files(below: "Tests", ending: ".swift")
    static let manifest = file("Package.swift")

    /// The documents that are part of the product.
    static let documents =
        [file("README.md")] + files(below: "docs", ending: ".md")

    static func file(_ path: String) -> SourceFile {
        let text = (try? String(contentsOf: root.appending(path: path), encoding: .utf8)) ?? ""
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        return SourceFile(path: path, lines: lines)
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: path).path)
    }

    private static func files(below folder: String, ending: String) -> [SourceFile] {
        let base = root.appending(path: folder)
        let found = FileManager.default.enumerator(atPath: base.path)?.compactMap { $0 as? String }
        return (found ?? []).filter { $0.hasSuffix(ending) }.sorted()
            .map { file("\(folder)/\($0)") }
    }
}
