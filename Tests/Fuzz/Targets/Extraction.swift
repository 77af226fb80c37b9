// Extraction: any frame, through the full extraction and through the record's key. Where the latter
// has a key, both must have read the same fields, and the frame must be one that a record may
// serve.

import Flow
import PacketBuffer
import TestSupport

@testable import Datapath

private struct ExtractionFixture: @unchecked Sendable {
    let rig: EngineRig?
    let key = FlowKey.allocate()
    let expanded = FlowKey.allocate()
    let words = UnsafeMutablePointer<UInt64>.allocate(capacity: RecordKey.wordCount)
    let record = UnsafeMutablePointer<FlowRecord>.allocate(capacity: 1)
    static let shared = ExtractionFixture()
    init() { rig = try? EngineRig(connections: 64, records: 64) }
}

func fuzzExtraction(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var input = InputReader(data, count)
    let fixture = ExtractionFixture.shared
    let vlanLimit = input.below(3)
    let keepsFlags = input.byte() & 1 == 1
    let exact = ExactPacket(input.bytes(4096))
    defer { exact.free() }
    exact.packet.metadata.pointee.inPort = 1
    fixture.key.clear()
    let layout = FlowExtractor.extract(
        exact.packet.data, length: exact.packet.length, vlanLimit: vlanLimit, into: fixture.key)
    for index in 0..<RecordKey.wordCount { fixture.words[index] = 0 }
    let facts = RecordKey.make(
        exact.packet, vlanLimit: UInt32(vlanLimit), keepsFlags: keepsFlags, into: fixture.words)
    guard facts.hasKey else { return 0 }
    guard let layout else { preconditionFailure("a key without an Ethernet header") }
    precondition(!layout.alwaysJudge, "a record would serve what must be judged")
    precondition(layout.l3 == facts.l3 && layout.l4 == facts.l4, "headers lie elsewhere")
    fixture.record.initialize(to: FlowRecord())
    UnsafeMutableRawPointer(fixture.record).copyMemory(from: fixture.words, byteCount: 64)
    fixture.rig?.engine.expand(fixture.record, into: fixture.expanded)
    // Flags are in a record's key where some rule looks at them.
    if !keepsFlags { fixture.key.store16(0, at: FlowLayout.tcpFlags) }
    for offset in FlowLayout.ethDestination..<FlowLayout.tunnelMetadata {
        precondition(
            fixture.key.load8(offset) == fixture.expanded.load8(offset),
            "the keys differ at byte \(offset)")
    }
    return 0
}
