// One action of every kind, as far as a version can express it without change.

import Flow
import OpenFlow

enum ActionSamples {
    static func all(_ version: OpenFlowVersion) -> [Action] {
        var actions = anyVersion(version)
        if version <= .v1_1 {
            actions += [
                .setVLANVID(5, pushIfNeeded: version == .v1_0),
                .setVLANPCP(3, pushIfNeeded: version == .v1_0),
                .setEthSource(MACAddressValue(0x0011_2233_4455)),
                .setEthDestination(MACAddressValue(0x0011_2233_4456)),
                .setIPv4Source(0x0a00_0001), .setIPv4Destination(0x0a00_0002), .setIPDSCP(0xb8),
                .setMPLSLabel(100), .setMPLSTC(3), .setTunnel(7, wide: false),
                .setTunnel(7, wide: true),
            ]
        }
        if version == .v1_0 { actions.append(.enqueue(port: 3, queue: 9)) }
        if version == .v1_1 { actions.append(.setIPECN(2)) }
        if version >= .v1_1 { actions += [.pushVLAN(ethType: 0x88a8), .setIPTTL(64)] }
        if version >= .v1_5 {
            actions += [.meter(8), .setField(set(.ctMark, 0, mask: 0)).nestedInCT]
        }
        if version >= .v1_2 { actions.append(.setField(set(.ipv4Source, 0x0102_0304))) }
        if version >= .v1_5 { actions.append(.setField(set(.reg3, 0x10, mask: 0xf0))) }
        if version < .v1_5 {
            actions.append(.registerLoad(set(.reg3, 0x10, mask: 0xf0)))
            actions.append(.registerLoad(set(.ctMark, 5)).nestedInCT)
        }
        return actions
    }

    static func set(_ field: Field, _ value: UInt64, mask: UInt64? = nil) -> SetFieldAction {
        let count = field.info.byteCount
        return SetFieldAction(
            field: field, value: FieldValue(value, byteCount: count),
            mask: mask.map { FieldValue($0, byteCount: count) } ?? .exactMask(of: field))
    }

    private static func anyVersion(_ version: OpenFlowVersion) -> [Action] {
        var controller = ControllerAction()
        controller.isPlainOutput = true
        var second = ControllerAction()
        second.controllerID = 5
        second.reason = 2
        second.maxLength = 128
        var third = second
        third.userdata = [1, 2, 3, 4, 5]
        third.pause = true
        third.meterID = 4
        return [
            .output(port: 3, maxLength: 0), .output(port: ReservedPort.normal, maxLength: 0),
            .outputTruncated(port: ReservedPort.local, maxLength: 64),
            .outputRegister(Subfield(.reg5, offset: 4, bitCount: 16), maxLength: 0xffff),
            .outputRegister(Subfield(.tunnelERSPANIndex, offset: 0, bitCount: 16), maxLength: 9),
            .controller(controller), .controller(second), .controller(third), .bundle(bundle(nil)),
            .bundle(bundle(Subfield(.reg2, offset: 0, bitCount: 16))), .group(77),
            .registerMove(from: Subfield(.xxreg0), to: Subfield(.ctLabel)).nestedInCT,
            .registerMove(from: Subfield(.ethSource), to: Subfield(.ethDestination)),
            .stackPush(Subfield(.ipv6Source)),
            .stackPop(Subfield(.reg1, offset: 3, bitCount: 7)), .stripVLAN,
            .setL4SourcePort(53), .setL4DestinationPort(80), .decrementTTL(controllers: []),
            .decrementTTL(controllers: [1, 2, 3]), .setMPLSTTL(9), .decrementMPLSTTL,
            .pushMPLS(ethType: 0x8847), .popMPLS(ethType: 0x0800), .setQueue(3), .popQueue,
            .finTimeout(idleSeconds: 5, hardSeconds: 10),
            .resubmit(ResubmitAction(inPort: 4, table: 255)),
            .resubmit(ResubmitAction(inPort: 4, table: 9)),
            .resubmit(ResubmitAction(inPort: ReservedPort.inPort, table: 9)),
            .resubmit(
                ResubmitAction(
                    inPort: ReservedPort.inPort, table: 255, withConntrackTuple: true)),
            .learn(learn(second: false)), .learn(learn(second: true)),
            .conjunction(id: 9, clause: 1, clauses: 2), .multipath(multipath),
            .note([1, 2, 3, 4, 5, 6]), .exit, .ct(ct), .ct(ctWithZoneField), .ct(ctWithIPv6),
            .ctClear,
            .clone([.output(port: 1, maxLength: 0), .clone([.exit])]), .clone([]),
            .checkPacketLarger(
                to: Subfield(.reg0, offset: 5, bitCount: 1), length: 1500),
            .deleteField(.tunnelMetadata3),
        ]
    }

    private static func bundle(_ destination: Subfield?) -> BundleAction {
        BundleAction(
            fields: .symmetricL3L4, basis: 7, algorithm: .highestRandomWeight,
            members: [4, 8, ReservedPort.local], destination: destination)
    }

    private static var multipath: MultipathAction {
        MultipathAction(
            fields: .symmetricL4, basis: 50, algorithm: .iterativeHash, links: 12,
            argument: 0x3333, destination: Subfield(.reg0, offset: 2, bitCount: 8))
    }

    private static var ct: ConntrackAction {
        var nat = NATAction()
        nat.kind = .source
        nat.ipv4Min = 0x0a00_0001
        nat.ipv4Max = 0x0a00_00ff
        nat.portMin = 1000
        nat.portMax = 2000
        nat.random = true
        nat.persistent = true
        var action = ConntrackAction()
        action.commit = true
        action.force = true
        action.zone = 17
        action.recircTable = 30
        action.alg = 21
        action.nat = nat
        return action
    }

    private static var ctWithZoneField: ConntrackAction {
        var action = ConntrackAction()
        action.zoneField = Subfield(.reg6, offset: 0, bitCount: 16)
        action.recircTable = 9
        action.nat = NATAction()
        return action
    }

    private static var ctWithIPv6: ConntrackAction {
        var nat = NATAction()
        nat.kind = .destination
        nat.hash = true
        nat.ipv6Min = FieldValue(bytes: [0xfe, 0x80] + [UInt8](repeating: 0, count: 13) + [1])
        nat.portMin = 80
        var action = ConntrackAction()
        action.commit = true
        action.nat = nat
        return action
    }

    private static func learn(second: Bool) -> LearnAction {
        var action = LearnAction()
        action.idleTimeout = 20
        action.hardTimeout = 30
        action.priority = 10
        action.cookie = 0xfeed
        action.table = 3
        action.sendFlowRemoved = true
        action.deleteLearned = true
        action.finIdleTimeout = 5
        action.finHardTimeout = 6
        let vid = Subfield(.vlanTCI, offset: 0, bitCount: 12)
        action.specifications = [
            .init(bitCount: 12, source: .field(vid), destination: .match(vid)),
            .init(
                bitCount: 16, source: .immediate(FieldValue(0x0800, byteCount: 2)),
                destination: .match(Subfield(.ethType))),
            .init(
                bitCount: 5, source: .immediate(FieldValue(0x11, byteCount: 1)),
                destination: .load(Subfield(.reg0, offset: 3, bitCount: 5))),
            .init(
                bitCount: 16, source: .field(Subfield(.inPort16)), destination: .output),
        ]
        if second {
            action.limit = 100
            action.resultDestination = Subfield(.reg4, offset: 9, bitCount: 1)
        }
        return action
    }
}

extension Action {
    /// The action within `ct(commit,exec(...))`.
    var nestedInCT: Action {
        var ct = ConntrackAction()
        ct.commit = true
        ct.exec = [self]
        return .ct(ct)
    }
}
