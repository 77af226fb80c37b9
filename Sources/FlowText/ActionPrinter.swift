// Prints actions and instructions as `ovs-ofctl dump-flows` does behind `actions=`. Each action
// has one form; which one is told by the action, not by the OpenFlow version in use.

import Flow
import OpenFlow

/// Actions as text.
///
/// **Source**: ovs-actions(7).
public enum ActionPrinter {
    /// All actions, separated by commas; `drop` where there are none.
    public static func text(
        _ actions: [Action], context: FlowTextContext = FlowTextContext()
    ) -> String {
        guard !actions.isEmpty else { return "drop" }
        return actions.map { text($0, context: context) }.joined(separator: ",")
    }

    /// One action.
    public static func text(_ action: Action, context: FlowTextContext) -> String {
        switch action {
        case .output, .outputTruncated, .outputRegister, .controller, .enqueue, .bundle, .group:
            return output(action, context)
        case .setField, .registerLoad, .registerMove, .stackPush, .stackPop, .deleteField,
            .writeMetadata, .setTunnel:
            return fieldWrite(action, context)
        case .setVLANVID, .setVLANPCP, .stripVLAN, .pushVLAN, .setEthSource, .setEthDestination,
            .setMPLSLabel, .setMPLSTC, .setMPLSTTL, .decrementMPLSTTL, .pushMPLS, .popMPLS:
            return linkLayer(action)
        case .setIPv4Source, .setIPv4Destination, .setIPDSCP, .setIPECN, .setIPTTL,
            .setL4SourcePort, .setL4DestinationPort, .decrementTTL:
            return networkLayer(action)
        case .setQueue, .popQueue, .finTimeout, .resubmit, .learn, .conjunction, .multipath,
            .note, .exit, .ct, .ctClear, .nat, .clone, .checkPacketLarger, .meter, .clearActions,
            .writeActions, .gotoTable:
            return control(action, context)
        }
    }

    // MARK: Output

    private static func output(_ action: Action, _ context: FlowTextContext) -> String {
        switch action {
        case .output(let port, let maxLength):
            let name = context.portText(port)
            if port == ReservedPort.controller { return "\(name):\(maxLength)" }
            return port < ReservedPort.max ? "output:" + name : name
        case .outputTruncated(let port, let maxLength):
            return "output(port=\(context.portText(port)),max_len=\(maxLength))"
        case .outputRegister(let source, _):
            return "output:" + SubfieldText.text(source)
        case .controller(let controller):
            return self.controller(controller)
        case .enqueue(let port, let queue):
            return "enqueue:\(context.portText(port)):\(queue)"
        case .bundle(let bundle):
            return HashActionText.text(bundle, context)
        case .group(let group):
            return "group:\(group)"
        default: return ""
        }
    }

    private static func controller(_ action: ControllerAction) -> String {
        if action.reason == 1, action.controllerID == 0, action.userdata.isEmpty, !action.pause,
            action.meterID == 0
        {
            return "CONTROLLER:\(action.maxLength)"
        }
        var text = "controller("
        if action.reason != 1 { text += "reason=\(PacketInReason.text(action.reason))," }
        if action.maxLength != 0xffff { text += "max_len=\(action.maxLength)," }
        if action.controllerID != 0 { text += "id=\(action.controllerID)," }
        if !action.userdata.isEmpty { text += "userdata=\(TextForm.dotted(action.userdata))," }
        if action.pause { text += "pause," }
        if action.meterID != 0 { text += "meter_id=\(action.meterID)," }
        text.chompComma()
        return text + ")"
    }

    // MARK: Fields

    private static func fieldWrite(_ action: Action, _ context: FlowTextContext) -> String {
        switch action {
        case .setField(let set):
            let value = FieldText.text(set.field, set.value, mask: set.mask, context)
            return "set_field:\(value)->\(set.field.info.name)"
        case .registerLoad(let set):
            return loads(set)
        case .registerMove(let source, let destination):
            return "move:\(SubfieldText.text(source))->\(SubfieldText.text(destination))"
        case .stackPush(let subfield):
            return "push:" + SubfieldText.text(subfield)
        case .stackPop(let subfield):
            return "pop:" + SubfieldText.text(subfield)
        case .deleteField(let field):
            return "delete_field:" + field.info.name
        case .writeMetadata(let value, let mask):
            let suffix = mask == .max ? "" : "/" + TextForm.hex(mask)
            return "write_metadata:" + TextForm.hex(value) + suffix
        case .setTunnel(let id, let wide):
            return "set_tunnel\(wide || id > 0xffff_ffff ? "64" : ""):" + TextForm.hex(id)
        default: return ""
        }
    }

    /// One `load:` for each run of at most 64 bits that the mask covers.
    private static func loads(_ set: SetFieldAction) -> String {
        let width = set.field.info.bitCount
        var parts: [String] = []
        var bit = 0
        while bit < width {
            guard set.mask.bit(bit) else {
                bit += 1
                continue
            }
            let start = bit
            var value: UInt64 = 0
            while bit < width, bit - start < 64, set.mask.bit(bit) {
                if set.value.bit(bit) { value |= 1 << UInt64(bit - start) }
                bit += 1
            }
            let target = Subfield(set.field, offset: start, bitCount: bit - start)
            parts.append("load:\(TextForm.hex(value))->\(SubfieldText.text(target))")
        }
        return parts.joined(separator: ",")
    }

    // MARK: Headers

    private static func linkLayer(_ action: Action) -> String {
        switch action {
        case .setVLANVID(let vid, let push): return "\(push ? "mod" : "set")_vlan_vid:\(vid)"
        case .setVLANPCP(let pcp, let push): return "\(push ? "mod" : "set")_vlan_pcp:\(pcp)"
        case .stripVLAN: return "pop_vlan"
        case .pushVLAN(let type): return "push_vlan:" + TextForm.hex(UInt64(type))
        case .setEthSource(let address): return "mod_dl_src:" + TextForm.ethernet(address.value)
        case .setEthDestination(let address):
            return "mod_dl_dst:" + TextForm.ethernet(address.value)
        case .setMPLSLabel(let label): return "set_mpls_label(\(label))"
        case .setMPLSTC(let tc): return "set_mpls_tc(\(tc))"
        case .setMPLSTTL(let ttl): return "set_mpls_ttl(\(ttl))"
        case .decrementMPLSTTL: return "dec_mpls_ttl"
        case .pushMPLS(let type):
            return "push_mpls:0x" + TextForm.hexPadded(UInt64(type), digits: 4)
        case .popMPLS(let type):
            return "pop_mpls:0x" + TextForm.hexPadded(UInt64(type), digits: 4)
        default: return ""
        }
    }

    private static func networkLayer(_ action: Action) -> String {
        switch action {
        case .setIPv4Source(let address): return "mod_nw_src:" + TextForm.ipv4(address)
        case .setIPv4Destination(let address): return "mod_nw_dst:" + TextForm.ipv4(address)
        case .setIPDSCP(let tos): return "mod_nw_tos:\(tos)"
        case .setIPECN(let ecn): return "mod_nw_ecn:\(ecn)"
        case .setIPTTL(let ttl): return "mod_nw_ttl:\(ttl)"
        case .setL4SourcePort(let port): return "mod_tp_src:\(port)"
        case .setL4DestinationPort(let port): return "mod_tp_dst:\(port)"
        case .decrementTTL(let controllers):
            guard !controllers.isEmpty else { return "dec_ttl" }
            return "dec_ttl(" + controllers.map { String($0) }.joined(separator: ",") + ")"
        default: return ""
        }
    }

    // MARK: Flow of control

    private static func control(_ action: Action, _ context: FlowTextContext) -> String {
        switch action {
        case .setQueue(let queue): return "set_queue:\(queue)"
        case .popQueue: return "pop_queue"
        case .finTimeout(let idle, let hard):
            var text = "fin_timeout("
            if idle != 0 { text += "idle_timeout=\(idle)," }
            if hard != 0 { text += "hard_timeout=\(hard)," }
            text.chompComma()
            return text + ")"
        case .resubmit(let resubmit): return self.resubmit(resubmit, context)
        case .learn(let learn): return LearnText.text(learn, context)
        case .conjunction(let id, let clause, let clauses):
            return "conjunction(\(id),\(Int(clause) + 1)/\(clauses))"
        case .multipath(let multipath): return HashActionText.text(multipath)
        case .note(let bytes): return "note:" + TextForm.dotted(bytes)
        case .exit: return "exit"
        case .ct(let ct): return ConntrackText.text(ct, context)
        case .ctClear: return "ct_clear"
        case .nat(let nat): return ConntrackText.text(nat)
        case .clone(let actions): return "clone(\(text(actions, context: context)))"
        case .checkPacketLarger(let destination, let length):
            return "check_pkt_larger(\(length))->" + SubfieldText.text(destination)
        case .meter(let meter): return "meter:\(meter)"
        case .clearActions: return "clear_actions"
        case .writeActions(let actions): return "write_actions(\(text(actions, context: context)))"
        case .gotoTable(let table): return "goto_table:" + context.tableText(table)
        default: return ""
        }
    }

    private static func resubmit(_ action: ResubmitAction, _ context: FlowTextContext) -> String {
        let keepsPort = action.inPort == ReservedPort.inPort
        if !keepsPort, action.table == 255 { return "resubmit:" + context.portText(action.inPort) }
        var text = "resubmit("
        if !keepsPort { text += context.portText(action.inPort) }
        text += ","
        if action.table != 255 { text += context.tableText(action.table) }
        if action.withConntrackTuple { text += ",ct" }
        return text + ")"
    }
}

/// OpenFlow's reasons for a packet-in.
enum PacketInReason {
    private static let names = [
        "no_match", "action", "invalid_ttl", "action_set", "group", "packet_out",
    ]

    static func text(_ reason: UInt8) -> String {
        if Int(reason) < names.count { return names[Int(reason)] }
        return reason < 8 ? "" : String(reason)
    }

    static func parse(_ text: String) -> UInt8? {
        if let index = names.firstIndex(of: text.lowercased()) { return UInt8(index) }
        return text.isEmpty ? 6 : nil
    }
}
