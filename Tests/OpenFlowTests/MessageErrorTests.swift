// A malformed request is refused with the error that Open vSwitch answers with.

import Flow
import Testing

@testable import OpenFlow

@Suite struct MessageErrorTests {
    private func refusal(_ hex: String) -> OpenFlowErrorCode? {
        let frame = MessageCaptures.bytes(hex)
        let version = OpenFlowVersion(rawValue: frame[0]) ?? .v1_3
        do {
            _ = try OpenFlowCodec.decode(frame: frame, context: CodecContext(version: version))
            return nil
        } catch {
            return error.code
        }
    }

    @Test func refusesBadHeaders() {
        #expect(refusal("0405000900000001") == .ofpbrcBadLen)
        #expect(refusal("04050010000000010000000000000000") == .ofpbrcBadLen)
        #expect(refusal("0477000800000001") == .ofpbrcBadType)
        // A reply is nothing to send to a switch.
        #expect(refusal("0406002000000001" + String(repeating: "00", count: 24)) == .ofpbrcBadType)
    }

    @Test func refusesAnotherVersion() {
        let frame = MessageCaptures.bytes("0105000800000001")
        #expect(throws: OpenFlowError(.ofpbrcBadVersion)) {
            try OpenFlowCodec.decode(frame: frame, context: CodecContext(version: .v1_3))
        }
        // Echoes are answered all the same.
        let echo = MessageCaptures.bytes("0102000800000001")
        #expect(throws: Never.self) {
            try OpenFlowCodec.decode(frame: echo, context: CodecContext(version: .v1_3))
        }
    }

    @Test func refusesUnknownVendorsAndSubtypes() {
        #expect(refusal("04040010000000010000123400000000") == .ofpbrcBadVendor)
        #expect(refusal("040400100000000100002320000000ff") == .ofpbrcBadSubtype)
        #expect(refusal("0404000c0000000100002320") == .ofpbrcBadLen)
        // The ONF's statistics are not known in OpenFlow 1.0.
        let onf = "0110001800000001ffff00004f4e46000000074e00000000"
        #expect(refusal(onf) == .ofpbrcBadVendor)
    }

    @Test func refusesUnknownStatistics() {
        #expect(refusal("041200100000000100630000 00000000") == .ofpbrcBadStat)
        #expect(refusal("0412000c0000000100000000") == .ofpbrcBadLen)
        let unknown = "0412001800000001ffff000000000000000023200000 00ee"
        #expect(refusal(unknown) == .ofpbrcBadSubtype)
    }

    @Test func refusesFlowModsThatCannotBe() throws {
        let context = CodecContext(version: .v1_3)
        var frame = OpenFlowCodec.encode(.flowMod(FlowMod(.add)), xid: 1, context: context)
        func refusal(at offset: Int, _ value: UInt8) -> OpenFlowErrorCode? {
            var changed = frame
            changed[offset] = value
            do {
                _ = try OpenFlowCodec.decode(frame: changed, context: context)
                return nil
            } catch { return error.code }
        }
        #expect(refusal(at: 25, 9) == .ofpfmfcBadCommand)
        #expect(refusal(at: 24, 255) == .ofpfmfcBadTableId)
        #expect(refusal(at: 44, 0x80) == .ofpfmfcBadFlags)
        #expect(refusal(at: 49, 7) == .ofpbmcBadType)
        #expect(refusal(at: 51, 3) == .ofpbmcBadLen)
        // An output port that no port can have.
        frame.replaceSubrange(36..<40, with: [0, 1, 0, 0])
        #expect(refusal(at: 36, 0) == .ofpbacBadOutPort)
    }

    @Test func refusesGroupsThatCannotBe() {
        let context = CodecContext(version: .v1_5)
        func refusal(_ change: GroupMod) -> OpenFlowErrorCode? {
            let frame = OpenFlowCodec.encode(.groupMod(change), xid: 1, context: context)
            do {
                _ = try OpenFlowCodec.decode(frame: frame, context: context)
                return nil
            } catch { return error.code }
        }
        var change = GroupMod(.add, type: .indirect, groupID: 1)
        #expect(refusal(change) == .ofpgmfcInvalidGroup)
        change.buckets = [Bucket(id: 1)]
        #expect(refusal(change) == nil)
        change.buckets = [Bucket(id: 1), Bucket(id: 1)]
        #expect(refusal(change) == .ofpgmfcBadBucket)
        change.type = .all
        change.buckets = [Bucket(id: 1)]
        change.buckets[0].watchPort = 3
        #expect(refusal(change) == .ofpgmfcWatchUnsupported)
        change.type = .fastFailover
        #expect(refusal(change) == nil)
        change.selectionMethod = SelectionMethod(.hash)
        #expect(refusal(change) == .ofpbpcBadValue)
        change.selectionMethod = nil
        change.commandBucketID = 5
        #expect(refusal(change) == .ofpgmfcBadBucket)
    }

    @Test func refusesBundledMessagesThatDoNotFit() {
        let head = "0622" + "0018" + "00000005" + "0000000100000003"
        #expect(refusal(head + "0614000800000005") == .ofpbfcMsgUnsup)
        #expect(refusal(head + "0614000800000006") == .ofpbfcMsgBadXid)
        #expect(refusal(head + "0514000800000005") == .ofpbfcBadVersion)
        #expect(refusal(head + "0614000900000005") == .ofpbfcMsgBadLen)
    }

    @Test func refusesPacketOutsOfBadPorts() {
        let head = "040d0018" + "00000001" + "ffffffff"
        #expect(refusal(head + "fffffffb" + "0000000000000000") == .ofpbrcBadPort)
        #expect(refusal(head + "00010000" + "0000000000000000") == .ofpbacBadOutPort)
        #expect(refusal(head + "fffffffd" + "0000000000000000") == nil)
    }

    @Test func answersWithTheStartOfTheOffender() throws {
        let offender = [4, 5, 0, 200, 0, 0, 0, 9] + [UInt8](repeating: 1, count: 192)
        let context = CodecContext(version: .v1_3)
        let error = ErrorMessage(OpenFlowError(.ofpbrcBadLen), offending: offender)
        let frame = OpenFlowCodec.encode(.error(error), xid: 9, context: context)
        #expect(frame.count == 8 + 4 + 64)
        #expect(Array(frame[8..<12]) == [0, 1, 0, 6])
        #expect(Array(frame[12...]) == Array(offender.prefix(64)))
    }
}
