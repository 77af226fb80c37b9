// The change log: a change counts from the moment its version is in force, and the ring says when
// it has lost one.

import Flow
import Testing

@testable import Pipeline

@Suite struct ChangeLogTests {
    @Test func changesCountWhenTheirVersionIsInForce() {
        let pipeline = PipelineState.allocate()
        let log = pipeline.pointee.changes
        log.append(version: 2, bridge: 0, table: 3, match: FlowMatch())
        log.append(version: 2, bridge: 0, table: 4, match: FlowMatch())
        #expect(log.pointee.count == 0)
        #expect(pipeline.currentVersion == 1)
        pipeline.publish(version: 2)
        #expect(log.pointee.count == 2)
        #expect(log.pointee.entries[1].table == 4)
    }

    @Test func theRingKnowsWhatItHasLost() {
        let pipeline = PipelineState.allocate()
        let log = pipeline.pointee.changes
        for number in 0..<ChangeLog.capacity {
            log.append(version: UInt64(2 + number), bridge: 0, table: 0, match: FlowMatch())
        }
        #expect(log.keeps(from: 0))
        // Not in force yet, but its words already lie over those of the first change.
        log.append(version: 9999, bridge: 0, table: 0, match: FlowMatch())
        #expect(!log.keeps(from: 0))
        #expect(log.keeps(from: 1))
    }

    /// A match with more words than an entry holds is cut, which makes it wider, never narrower.
    @Test func aLongMatchIsCutToAWiderOne() {
        let pipeline = PipelineState.allocate()
        let log = pipeline.pointee.changes
        var match = FlowMatch()
        for field in [Field.reg0, .reg2, .reg4, .reg6, .reg8, .reg10, .reg12, .reg14] {
            match.set(field, to: 1)
        }
        for field in [Field.metadata, .tunnelID, .inPort, .ctState, .ctLabel, .ethDestination] {
            match.set(field, to: 1)
        }
        #expect(match.words.count > RuleChange.wordsMax)
        log.append(version: 2, bridge: 0, table: 0, match: match)
        let entry = log.pointee.entries[0]
        #expect(Int(entry.wordCount) == RuleChange.wordsMax)
        for index in 0..<RuleChange.wordsMax { #expect(entry.words[index] == match.words[index]) }
    }
}
