// The policy's file and its journal, with what crashes leave of them.

import Glibc
import Testing

@testable import Configuration

@Suite struct PolicyFileTests {
    private let file: PolicyFile
    private let journal: String

    init() {
        let path = "/tmp/vedette-policy-\(getpid())-\(UInt64.random(in: 0...UInt64.max)).json"
        file = PolicyFile(path: path)
        journal = path + ".journal"
    }

    private func remove() {
        for path in [file.path, journal, file.path + ".new", journal + ".new"] { unlink(path) }
    }

    private func texts() throws -> [String]? {
        guard let kept = try file.read() else { return nil }
        return ([kept.document] + kept.patches).map { String(decoding: $0, as: UTF8.self) }
    }

    private func append(bytes: String, to path: String) {
        let descriptor = open(path, O_WRONLY | O_APPEND)
        _ = Array(bytes.utf8).withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
    }

    @Test func keepsTheDocumentAndItsPatches() throws {
        defer { remove() }
        #expect(try texts() == nil)
        try file.write("one")
        try file.append("a")
        try file.append("b")
        #expect(try texts() == ["one", "a", "b"])
        try file.write("two")
        #expect(try texts() == ["two"])
        var status = stat()
        stat(file.path, &status)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    /// A patch that was cut off was promised to nobody.
    @Test func leavesOutWhatHasNoEnd() throws {
        defer { remove() }
        try file.write("one")
        try file.append("a")
        append(bytes: "half", to: journal)
        #expect(try texts() == ["one", "a"])
    }

    /// Patches of an older document are not taken for the new one's.
    @Test func leavesOutThePatchesOfAnother() throws {
        defer { remove() }
        try file.write("one")
        try file.append("a")
        let descriptor = open(file.path, O_WRONLY | O_TRUNC)
        close(descriptor)
        append(bytes: "two", to: file.path)
        #expect(try texts() == ["two"])
    }

    @Test func saysWhyItCannot() {
        let nowhere = PolicyFile(path: "/nonexistent/policy.json")
        #expect(throws: PolicyFileError.self) { try nowhere.write("x") }
        let directory = PolicyFile(path: "/tmp")
        #expect(throws: PolicyFileError.self) { try directory.read() }
    }
}
