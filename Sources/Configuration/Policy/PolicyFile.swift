// The file that the applied policy is kept in, so that it is in force again before any port
// forwards after a restart. Replaced as a whole: a reader finds the old or the new one. Beside it
// lies a journal of patches since, one a line; its first line says which content they belong to,
// so that those of an older content are never taken for the new one's.

import Glibc

/// Why the file could not be read or written.
struct PolicyFileError: Error, Hashable {
    let message: String
}

/// The policy's file.
struct PolicyFile {
    let path: String

    private var journal: String { path + ".journal" }

    /// Its bytes and the patches since; nil where there is none.
    ///
    /// **Errors**: it is there and can't be read.
    func read() throws(PolicyFileError) -> (document: [UInt8], patches: [[UInt8]])? {
        guard let document = try read(path) else { return nil }
        guard let lines = try read(journal) else { return (document, []) }
        // What has no end was not yet promised to anyone.
        let whole = lines.prefix((lines.lastIndex(of: 0x0a) ?? -1) + 1)
        let parts = whole.split(separator: 0x0a).map(Array.init)
        guard let first = parts.first, first == Array(PolicyFile.mark(document).utf8) else {
            return (document, [])
        }
        return (document, Array(parts.dropFirst()))
    }

    /// Adds a patch, one line without its end; on the disk when this returns.
    ///
    /// **Errors**: it could not be; a part of it may lie there, without an end.
    func append(_ patch: String) throws(PolicyFileError) {
        let file = open(journal, O_WRONLY | O_APPEND | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("has no journal") }
        defer { close(file) }
        let end = lseek(file, 0, SEEK_END)
        do throws(PolicyFileError) {
            try put(Array((patch + "\n").utf8), file)
            guard fdatasync(file) == 0 else { throw failure("cannot be kept") }
        } catch {
            ftruncate(file, end)
            throw error
        }
    }

    /// Stands for a content.
    private static func mark(_ content: some Sequence<UInt8>) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in content { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16)
    }

    private func read(_ path: String) throws(PolicyFileError) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        if file < 0 {
            if errno == ENOENT { return nil }
            throw failure("cannot be opened")
        }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw failure("cannot be read")
            }
            if count == 0 { return bytes }
            bytes += buffer[0..<count]
        }
    }

    /// Puts `text` in its place, without patches; on the disk when this returns.
    ///
    /// **Errors**: it could not be; the old content stays.
    func write(_ text: String) throws(PolicyFileError) {
        let bytes = Array(text.utf8)
        try replace(path, with: bytes)
        try replace(journal, with: Array((PolicyFile.mark(bytes) + "\n").utf8))
        syncDirectory()
    }

    private func replace(_ path: String, with bytes: [UInt8]) throws(PolicyFileError) {
        let next = path + ".new"
        let file = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("cannot be made") }
        defer { close(file) }
        try put(bytes, file)
        guard fsync(file) == 0, rename(next, path) == 0 else { throw failure("cannot be kept") }
    }

    private func put(_ bytes: [UInt8], _ file: Int32) throws(PolicyFileError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw failure("cannot be written")
            }
            rest = rest.dropFirst(count)
        }
    }

    private func syncDirectory() {
        let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let directory = open(parent.isEmpty ? "/" : parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return }
        fsync(directory)
        close(directory)
    }

    private func failure(_ what: String) -> PolicyFileError {
        PolicyFileError(message: "\(path): \(what): \(String(cString: strerror(errno)))")
    }
}
