// `Open_vSwitch.other_config` to the settings of poll threads. Pure.

import Dpif

extension PollingSettings {
    /// Reads the keys that begin with `pmd-`.
    init(_ config: [String: String]) {
        self.init()
        cpus = config["pmd-cpu-mask"].flatMap(PollingSettings.cpus(mask:)) ?? []
        assignment = config["pmd-rxq-assign"].flatMap(QueueAssignment.init(rawValue:)) ?? .cycles
        isolates = config.boolean("pmd-rxq-isolate", true)
        if let text = config["pmd-maxsleep"] {
            sleepMicrosecondsMax = Int64(text).map { UInt32($0.clamped(to: 0...10_000)) }
        }
    }

    /// What a reader of the log should know of these keys.
    static func remarks(_ config: [String: String]) -> [String] {
        var remarks: [String] = []
        if let text = config["pmd-cpu-mask"], !text.isEmpty, cpus(mask: text) == nil {
            remarks.append("Invalid cpu mask: \(text)")
        }
        if let text = config["pmd-rxq-assign"], QueueAssignment(rawValue: text) == nil {
            remarks.append(
                "Unsupported rx queue to PMD assignment mode in pmd-rxq-assign. "
                    + "Defaulting to 'cycles'.")
        }
        if !config.boolean("pmd-rxq-isolate", true), config["pmd-rxq-assign"] != "group" {
            remarks.append("pmd-rxq-isolate can only be set false when using pmd-rxq-assign=group")
        }
        return remarks
    }

    /// The CPUs of a mask in hexadecimal, with or without `0x`; nil for anything else.
    static func cpus(mask text: String) -> [Int]? {
        let digits = text.lowercased().hasPrefix("0x") ? text.dropFirst(2) : text[...]
        guard !digits.isEmpty, digits.count <= 1024 else { return nil }
        var cpus: [Int] = []
        for (place, digit) in digits.reversed().enumerated() {
            guard digit.isASCII, let value = digit.hexDigitValue else { return nil }
            for bit in 0..<4 where value >> bit & 1 != 0 { cpus.append(place * 4 + bit) }
        }
        return cpus
    }
}
