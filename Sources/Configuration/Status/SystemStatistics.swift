// The machine's statistics for `Open_vSwitch.statistics`, read from /proc when they are enabled.

import Glibc

/// Reads the machine's statistics.
///
/// **Source**: ovs-vswitchd.conf.db(5), Open_vSwitch, "statistics".
enum SystemStatistics {
    static func read() -> [String: String] {
        var pairs = ["cpu": String(sysconf(Int32(_SC_NPROCESSORS_ONLN)))]
        pairs["load_average"] = loadAverage()
        pairs["memory"] = memory()
        pairs["process_ovs-vswitchd"] = process()
        pairs["file_systems"] = fileSystems()
        return pairs
    }

    private static func loadAverage() -> String? {
        var loads = [0.0, 0.0, 0.0]
        guard getloadavg(&loads, 3) == 3 else { return nil }
        return loads.map { Decimal.text($0, 2) }.joined(separator: ",")
    }

    /// Total and used memory, the caches within the latter, total and used swap, in KiB.
    private static func memory() -> String? {
        var values: [String: Int] = [:]
        for line in TextFile.lines("/proc/meminfo") {
            let words = line.split { $0 == " " || $0 == ":" }
            if words.count >= 2 { values[String(words[0])] = Int(words[1]) }
        }
        guard let total = values["MemTotal"], let free = values["MemFree"] else { return nil }
        let cache = (values["Buffers"] ?? 0) + (values["Cached"] ?? 0)
        let swap = values["SwapTotal"] ?? 0
        let usedSwap = swap - (values["SwapFree"] ?? 0)
        return [total, total - free, cache, swap, usedSwap].map(String.init)
            .joined(separator: ",")
    }

    /// Virtual and resident size in KiB, CPU time in ms, crashes, uptimes in ms.
    private static func process() -> String? {
        guard let line = TextFile.lines("/proc/self/stat").first,
            let close = line.lastIndex(of: ")")
        else { return nil }
        let words = line[line.index(after: close)...].split(separator: " ").map { Int64($0) ?? 0 }
        guard words.count > 21 else { return nil }
        let ticks = Int64(sysconf(Int32(_SC_CLK_TCK)))
        let page = Int64(sysconf(Int32(_SC_PAGESIZE)))
        guard ticks > 0 else { return nil }
        var now = timespec()
        clock_gettime(CLOCK_BOOTTIME, &now)
        let boot = Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
        let uptime = boot - words[19] * 1000 / ticks
        let cpu = (words[11] + words[12]) * 1000 / ticks
        return [words[20] / 1024, words[21] * page / 1024, cpu, 0, uptime, uptime]
            .map(String.init).joined(separator: ",")
    }

    private static func fileSystems() -> String? {
        var seen: Set<UInt64> = []
        var parts: [String] = []
        for line in TextFile.lines("/proc/mounts") {
            let words = line.split(separator: " ")
            guard words.count > 3, words[0].hasPrefix("/"), !words[3].hasPrefix("ro") else {
                continue
            }
            var facts = statvfs()
            guard statvfs(String(words[1]), &facts) == 0, facts.f_blocks > 0,
                seen.insert(UInt64(facts.f_fsid)).inserted
            else { continue }
            let unit = UInt64(facts.f_frsize)
            let total = UInt64(facts.f_blocks) * unit / 1024
            let used = UInt64(facts.f_blocks - facts.f_bfree) * unit / 1024
            parts.append("\(words[1]),\(total),\(used)")
        }
        return parts.isEmpty ? nil : parts.joined(separator: " ")
    }
}

/// Small text files of the kernel.
enum TextFile {
    /// The lines of a file, as far as the first 64 KiB go; none where it can't be read.
    static func lines(_ path: String) -> [Substring] {
        let fd = open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { return [] }
        defer { close(fd) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while text.count < 65536 {
            let count = Glibc.read(fd, &buffer, buffer.count)
            guard count > 0 else { break }
            text += buffer[..<count]
        }
        return String(decoding: text, as: UTF8.self).split(separator: "\n")
    }
}
