// The checks of a flow's actions against its match and the switch.

import Flow
import OpenFlow
import Testing

@Suite struct ActionCheckTests {
    static func match(_ fields: [(Field, UInt64)]) -> FlowMatch {
        var match = FlowMatch()
        for (field, value) in fields { match.set(field, to: value) }
        return match
    }

    static let ip = match([(.ethType, 0x0800)])
    static let tcp = match([(.ethType, 0x0800), (.ipProtocol, 6)])
    static let tagged = match([(.dlVLAN, 5)])
    static let any = FlowMatch()

    static func check(
        _ actions: [Action], _ match: FlowMatch, _ version: OpenFlowVersion = .v1_3
    ) throws(OpenFlowError) {
        var check = ActionCheck(version: version, match: match)
        check.table = 3
        check.tableCount = 100
        check.groupExists = { $0 == 1 }
        check.meterExists = { $0 == 1 }
        try check.check(actions)
    }

    static func nat(_ ipv4: UInt32?) -> ConntrackAction {
        var ct = ConntrackAction()
        ct.commit = true
        ct.nat = NATAction()
        ct.nat?.ipv4Min = ipv4
        return ct
    }

    static let label = SetFieldAction(
        field: .vlanVID, value: FieldValue(0x1005, byteCount: 2), mask: .exactMask(of: .vlanVID))

    static let accepted: [(FlowMatch, [Action])] = [
        (ip, [.setIPv4Source(1), .decrementTTL(controllers: [])]),
        (tcp, [.setL4SourcePort(4), .finTimeout(idleSeconds: 1, hardSeconds: 1)]),
        (tagged, [.stripVLAN, .pushVLAN(ethType: 0x8100), .setField(label)]),
        (any, [.pushVLAN(ethType: 0x8100), .setField(label), .stripVLAN]),
        (ip, [.pushMPLS(ethType: 0x8847), .setMPLSTTL(3), .popMPLS(ethType: 0x0800)]),
        (any, [.gotoTable(4)]), (any, [.group(1), .meter(1)]),
        (ip, [.ct(nat(1))]),
        (any, [.writeActions([.setIPv4Source(1)])]),
    ]

    @Test("Actions that suit their match pass", arguments: accepted.indices)
    func passes(_ index: Int) throws {
        try Self.check(Self.accepted[index].1, Self.accepted[index].0)
    }

    static let refused: [(FlowMatch, [Action], OpenFlowErrorCode)] = [
        (any, [.setIPv4Source(1)], .ofpbacMatchInconsistent),
        (any, [.stripVLAN], .ofpbacMatchInconsistent),
        (tagged, [.stripVLAN, .stripVLAN], .ofpbacMatchInconsistent),
        (any, [.setField(label)], .ofpbacMatchInconsistent),
        (ip, [.pushMPLS(ethType: 0x8847), .setIPTTL(3)], .ofpbacMatchInconsistent),
        (ip, [.setL4SourcePort(1)], .ofpbacMatchInconsistent),
        (any, [.ct(ConntrackAction())], .ofpbacMatchInconsistent),
        (match([(.ethType, 0x86dd)]), [.ct(nat(1))], .ofpbacMatchInconsistent),
        (any, [.stackPush(Subfield(.tcpSource))], .ofpbacMatchInconsistent),
        (any, [.stackPush(Subfield(.reg0, offset: 20, bitCount: 20))], .ofpbacBadSetLen),
        (any, [.stackPop(Subfield(.ctMark)), .stackPop(Subfield(.ctZone))],
            .ofpbacBadSetArgument),
        (tagged, [.pushVLAN(ethType: 0x8100), .pushVLAN(ethType: 0x8100)], .ofpbacBadTag),
        (any, [.gotoTable(3)], .ofpbicBadTableId), (any, [.gotoTable(100)], .ofpbicBadTableId),
        (any, [.group(2)], .ofpbacBadOutGroup), (any, [.meter(2)], .ofpmmfcInvalidMeter),
        (any, [.meter(0)], .ofpmmfcInvalidMeter),
        (any, [.output(port: 0xff00, maxLength: 0)], .ofpbacBadOutPort),
        (any, [.deleteField(.reg0)], .ofpbacBadArgument),
        (any, [.resubmit(ResubmitAction(inPort: 1, table: 1, withConntrackTuple: true))],
            .ofpbacMatchInconsistent),
        (any, [.clone([.setIPTTL(1)])], .ofpbacMatchInconsistent),
        (any, [.learn(learn)], .ofpbacMatchInconsistent),
    ]

    /// Matches a TCP port without saying that the packets are TCP.
    static var learn: LearnAction {
        var learn = LearnAction()
        learn.specifications = [
            .init(
                bitCount: 16, source: .immediate(FieldValue(80, byteCount: 2)),
                destination: .match(Subfield(.tcpSource)))
        ]
        return learn
    }

    @Test("Actions that do not are refused with their error", arguments: refused.indices)
    func fails(_ index: Int) {
        let (match, actions, code) = Self.refused[index]
        #expect(throws: OpenFlowError(code), "\(actions)") { try Self.check(actions, match) }
    }

    @Test("A learned flow's prerequisites may come from the values it matches before")
    func learnPrerequisites() throws {
        var learn = Self.learn
        learn.specifications.insert(
            .init(
                bitCount: 8, source: .immediate(FieldValue(6, byteCount: 1)),
                destination: .match(Subfield(.ipProtocol))), at: 0)
        learn.specifications.insert(
            .init(
                bitCount: 16, source: .immediate(FieldValue(0x0800, byteCount: 2)),
                destination: .match(Subfield(.ethType))), at: 0)
        try Self.check([.learn(learn)], FlowMatch())
    }

    @Test("OpenFlow 1.0 lets inconsistent header changes pass but not fields")
    func openFlow10() throws {
        try Self.check([.stripVLAN, .setIPTTL(1), .setIPv4Source(1)], Self.any, .v1_0)
        #expect(throws: OpenFlowError(.ofpbacMatchInconsistent)) {
            try Self.check([.setField(Self.label)], Self.any, .v1_0)
        }
    }
}
