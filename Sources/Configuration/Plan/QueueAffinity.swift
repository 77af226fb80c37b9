// `Interface.other_config:pmd-rxq-affinity`: which CPU polls which receive queue. Pure.

/// Reads lists such as `0:3,1:7`.
enum QueueAffinity {
    /// CPUs by queue; what makes no sense is left out.
    static func parse(_ text: String) -> [Int: Int] {
        var cpus: [Int: Int] = [:]
        for pair in text.split(whereSeparator: { ", \t\n".contains($0) }) {
            let parts = pair.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, let queue = Int(parts[0]), let cpu = Int(parts[1]),
                (0..<1024).contains(queue), (0..<4096).contains(cpu)
            else { continue }
            cpus[queue] = cpu
        }
        return cpus
    }
}
