// From `other_config` to the EAL's command line. Pure.

/// The columns of `Open_vSwitch.other_config` that concern the EAL.
public struct DPDKArguments: Sendable, Equatable {
    /// `dpdk-extra`: passed on as it is, split at white space; quotes are understood.
    public var extra: String?
    /// `dpdk-lcore-mask`.
    public var lcoreMask: String?
    /// `dpdk-socket-mem`.
    public var socketMemory: String?
    /// `dpdk-alloc-mem`.
    public var allocatedMegabytes: String?
    /// `dpdk-socket-limit`.
    public var socketLimit: String?
    /// `dpdk-hugepage-dir`.
    public var hugepageDirectory: String?

    public init() {}

    /// The command line, program name first.
    ///
    /// - Parameters:
    ///   - hasHugepages: whether the system has any to give; without them memory is ordinary.
    ///   - firstCPU: the CPU of the main lcore when none is asked for.
    /// **Errors**: `.badArgument` for options that would end the process, and for unbalanced
    /// quotes.
    public func commandLine(hasHugepages: Bool, firstCPU: Int) throws(DPDKError) -> [String] {
        let own = try DPDKArguments.split(extra ?? "")
        for word in own where ["-h", "--help", "-v", "--version"].contains(word) {
            throw .badArgument(word)
        }
        func asks(for names: String...) -> Bool {
            own.contains { word in
                names.contains { name in
                    word == name || word.hasPrefix(name + "=")
                        || (name.count == 2 && word.hasPrefix(name))
                }
            }
        }
        var line = ["ovs-vswitchd"]
        if !asks(for: "-c", "-l", "--lcores", "--coremask") {
            line += lcoreMask.map { ["-c", $0] } ?? ["--lcores", "0@\(firstCPU)"]
        }
        if let allocatedMegabytes {
            line += ["-m", allocatedMegabytes]
        } else if let socketMemory, hasHugepages {
            line += ["--socket-mem", socketMemory]
        } else if let socketMemory {
            // Ordinary memory has no sockets to the EAL: it takes the sum.
            let megabytes = socketMemory.split(separator: ",").compactMap { Int($0) }.reduce(0, +)
            line += ["-m", "\(max(megabytes, 64))"]
        } else if !hasHugepages, !asks(for: "-m", "--socket-mem") {
            line += ["-m", "512"]
        }
        if hasHugepages {
            if let socketLimit { line += ["--socket-limit", socketLimit] }
            if let hugepageDirectory {
                line += ["--huge-dir", hugepageDirectory]
            } else if !asks(for: "--in-memory", "--huge-dir", "--file-prefix") {
                // Nothing stays behind in a hugetlbfs when the process is killed.
                // One region a list of pages: virtio_user shares at most eight with its other end.
                line += ["--in-memory", "--single-file-segments"]
            }
        } else {
            for option in ["--no-huge", "--no-shconf", "--no-pci"] where !asks(for: option) {
                line.append(option)
            }
        }
        if !asks(for: "--iova-mode"), !hasHugepages { line.append("--iova-mode=va") }
        if !asks(for: "--telemetry", "--no-telemetry") { line.append("--no-telemetry") }
        return line + own
    }

    /// Splits at white space outside of quotes.
    static func split(_ text: String) throws(DPDKError) -> [String] {
        var words: [String] = []
        var word = ""
        var isInWord = false
        var quote: Character?
        for character in text {
            if let open = quote {
                if character == open { quote = nil } else { word.append(character) }
            } else if character == "\"" || character == "'" {
                quote = character
                isInWord = true
            } else if character.isWhitespace {
                if isInWord { words.append(word) }
                word = ""
                isInWord = false
            } else {
                word.append(character)
                isInWord = true
            }
        }
        guard quote == nil, !text.utf8.contains(0) else { throw .badArgument(text) }
        if isInWord { words.append(word) }
        return words
    }
}
