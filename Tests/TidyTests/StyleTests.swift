// Habits that are cheap to check: what hot modules keep out, lengths, opening comments, and words
// that stop a process.

import Testing

struct StyleTests {
    static let hot: Set<String> = [
        "Bounded", "Wire", "PacketBuffer", "Flow", "Pipeline", "Conntrack", "Datapath", "DPDK",
        "KernelPorts", "PMD",
    ]
    /// Modules that talk to the operating system, and so may import its C library.
    static let systemCallers: Set<String> = [
        "Bounded", "PacketBuffer", "DPDK", "KernelPorts", "PMD",
    ]

    static let hotSources = Repository.sources.filter { hot.contains($0.module) }
    static let everything = Repository.sources + Repository.tests

    /// Files that may be longer than 500 lines or 100 columns: recorded commands, one a line.
    static let tables: Set<String> = ["Tests/OfprotoTests/OfctlCommands.swift"]

    /// Nothing on the packet's way knows Foundation, NIO, Dispatch or Swift Concurrency.
    @Test(arguments: hotSources) func hotImports(of file: SourceFile) {
        let permitted: Set<String> = ["Glibc", "Synchronization", "Builtin"]
        let foreign = file.imports.filter { ImportMatrixTests.places[$0] == nil }
        #expect(Set(foreign).subtracting(permitted).sorted() == [])
        if !Self.systemCallers.contains(file.module) { #expect(!foreign.contains("Glibc")) }
    }

    /// No function of a hot module suspends, prints or starts a task.
    @Test(arguments: hotSources) func hotWords(of file: SourceFile) {
        let forbidden = /\b(async|await|actor|Task|DispatchQueue|print|debugPrint)\b/
        for (number, line) in file.code.enumerated() {
            #expect(line.firstMatch(of: forbidden) == nil, "line \(number + 1)")
        }
    }

    /// No file is longer than 500 lines.
    @Test(arguments: everything) func fileLength(of file: SourceFile) {
        if !Self.tables.contains(file.path) { #expect(file.lines.count <= 501) }
    }

    /// No line is longer than 100 columns, but for a literal that stands alone on its line.
    @Test func lineLength() {
        for file in Self.everything where !Self.tables.contains(file.path) {
            for (number, line) in file.lines.enumerated() where line.count > 100 {
                #expect(
                    line.wholeMatch(of: /\s*\(?#?"[^"]*"#?[,)]*/) != nil,
                    "\(file.path):\(number + 1)")
            }
        }
    }

    /// Every file opens with a comment that says what it holds.
    @Test(arguments: everything) func opening(of file: SourceFile) {
        #expect(file.lines.first?.hasPrefix("//") == true)
    }

    /// Nothing stops the process on an error that can happen, and nothing is left undone.
    @Test(arguments: Repository.sources) func endings(of file: SourceFile) {
        for (number, line) in file.code.enumerated() {
            #expect(line.firstMatch(of: /\btry!|\bas!/) == nil, "line \(number + 1)")
        }
        for (number, line) in file.lines.enumerated() {
            let isUndone = line.contains("fatalError(\"TODO") || line.contains("FIXME")
            #expect(!isUndone, "line \(number + 1)")
        }
    }

    /// No type bears its module's name: Swift could not qualify past it.
    @Test(arguments: Repository.sources) func moduleNames(of file: SourceFile) throws {
        let kinds: Set<Substring> = ["struct", "class", "enum", "actor", "protocol"]
        for line in file.code {
            let words = line.split { !$0.isLetter && !$0.isNumber && $0 != "_" }
            guard let index = words.firstIndex(where: kinds.contains), index + 1 < words.count
            else { continue }
            // A handle to one buffer has no better name; its module is never qualified.
            if words[index + 1] == "PacketBuffer" { continue }
            #expect(words[index + 1] != file.module)
        }
    }
}
