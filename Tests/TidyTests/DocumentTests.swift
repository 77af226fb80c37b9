// The documents agree with the sources: every drop reason has its line, links lead somewhere, and
// no path of somebody's machine is in them.

import Testing

struct DocumentTests {
    /// docs/DROPS.md has one line for each reason, and none for others.
    @Test func drops() throws {
        let source = Repository.file("Sources/Flow/DropReason.swift")
        let reasons = source.code.compactMap { $0.firstMatch(of: /^\s*case (\w+)/).map { $0.1 } }
        #expect(reasons.count > 10)
        let document = Repository.file("docs/DROPS.md")
        let listed = document.lines.compactMap { $0.firstMatch(of: /^\| `(\w+)` \|/).map { $0.1 } }
        #expect(listed == reasons.filter { $0 != "none" })
    }

    /// Links within the repository lead to files that are there.
    @Test(arguments: Repository.documents) func links(of document: SourceFile) {
        let folder = document.path.split(separator: "/").dropLast().joined(separator: "/")
        for line in document.lines {
            for match in line.matches(of: /\]\(([^)#:]+)(?:#[^)]*)?\)/) {
                let path = folder.isEmpty ? String(match.1) : "\(folder)/\(match.1)"
                #expect(Repository.exists(path), "\(match.1)")
            }
        }
    }

    /// The documents are those of a product, not of the place where it was made.
    @Test(arguments: Repository.documents) func noMachinePaths(of document: SourceFile) {
        #expect(document.lines.count > 3)
        for line in document.lines {
            #expect(line.firstMatch(of: /\/(root|work|home\/\w+)\//) == nil, "\(line)")
        }
    }

    /// Every decision has its four parts.
    @Test(arguments: Repository.documents.filter { $0.path.hasPrefix("docs/decisions/0") })
    func decisions(of document: SourceFile) {
        let headings = document.lines.filter { $0.hasPrefix("## ") }.map { $0.dropFirst(3) }
        #expect(headings == ["Context", "Decision", "Consequence", "How to undo it"])
    }
}
