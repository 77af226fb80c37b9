// The keys of other_config that concern poll threads, as Open vSwitch reads them.

import Dpif
import Testing

@testable import Configuration

@Suite struct PollingSettingsTests {
    @Test func masks() {
        #expect(PollingSettings.cpus(mask: "0x3") == [0, 1])
        #expect(PollingSettings.cpus(mask: "3") == [0, 1])
        #expect(PollingSettings.cpus(mask: "0XA0") == [5, 7])
        #expect(PollingSettings.cpus(mask: "1" + String(repeating: "0", count: 20)) == [80])
        #expect(PollingSettings.cpus(mask: "0x0") == [])
        for text in ["", "0x", "zz", "0x3g", "-1", "0x" + String(repeating: "f", count: 2000)] {
            #expect(PollingSettings.cpus(mask: text) == nil, "\(text)")
        }
    }

    @Test func defaults() {
        let settings = PollingSettings([:])
        #expect(settings == PollingSettings())
        #expect(settings.cpus.isEmpty && settings.isolates && settings.assignment == .cycles)
        #expect(settings.sleepMicrosecondsMax == nil)
        #expect(PollingSettings.remarks([:]).isEmpty)
    }

    @Test func everyKey() {
        let settings = PollingSettings([
            "pmd-cpu-mask": "0x6", "pmd-rxq-assign": "group", "pmd-rxq-isolate": "false",
            "pmd-maxsleep": "20000",
        ])
        #expect(settings.cpus == [1, 2])
        #expect(settings.assignment == .group && !settings.isolates)
        #expect(settings.sleepMicrosecondsMax == 10_000)
    }

    @Test func nonsense() {
        let config = [
            "pmd-cpu-mask": "zz", "pmd-rxq-assign": "bogus", "pmd-rxq-isolate": "false",
        ]
        let settings = PollingSettings(config)
        #expect(settings.cpus.isEmpty && settings.assignment == .cycles)
        #expect(
            PollingSettings.remarks(config) == [
                "Invalid cpu mask: zz",
                "Unsupported rx queue to PMD assignment mode in pmd-rxq-assign. "
                    + "Defaulting to 'cycles'.",
                "pmd-rxq-isolate can only be set false when using pmd-rxq-assign=group",
            ])
    }

    @Test func affinity() {
        #expect(QueueAffinity.parse("0:3,1:7") == [0: 3, 1: 7])
        #expect(QueueAffinity.parse(" 2:1 , 3:0 ") == [2: 1, 3: 0])
        #expect(QueueAffinity.parse("") == [:])
        #expect(QueueAffinity.parse("0,1:,:2,a:b,-1:3,1:2:3,4:5") == [4: 5])
    }
}
