// The name by which errors call an action, and the instruction it belongs to.

import OpenFlow

enum ActionName {
    /// The OpenFlow instruction of an action; the order is the one in which they must stand.
    enum Instruction: Int, Comparable {
        case meter, applyActions, clearActions, writeActions, writeMetadata, gotoTable

        static func < (left: Instruction, right: Instruction) -> Bool {
            left.rawValue < right.rawValue
        }

        var name: String {
            switch self {
            case .meter: return "meter"
            case .applyActions: return "apply_actions"
            case .clearActions: return "clear_actions"
            case .writeActions: return "write_actions"
            case .writeMetadata: return "write_metadata"
            case .gotoTable: return "goto_table"
            }
        }
    }

    static func instruction(of action: Action) -> Instruction {
        switch action {
        case .meter: return .meter
        case .clearActions: return .clearActions
        case .writeActions: return .writeActions
        case .writeMetadata: return .writeMetadata
        case .gotoTable: return .gotoTable
        default: return .applyActions
        }
    }

    static func name(of action: Action) -> String {
        switch action {
        case .output: return "output"
        case .controller(let controller): return controller.isPlainOutput ? "output" : "controller"
        case .outputTruncated: return "output_trunc"
        case .outputRegister: return "output_reg"
        case .enqueue: return "enqueue"
        case .bundle: return "bundle"
        case .group: return "group"
        case .setField, .registerLoad: return "set_field"
        case .registerMove: return "move"
        case .stackPush: return "push"
        case .stackPop: return "pop"
        case .deleteField: return "delete_field"
        case .setTunnel: return "set_tunnel"
        case .setQueue: return "set_queue"
        case .popQueue: return "pop_queue"
        case .finTimeout: return "fin_timeout"
        case .resubmit: return "resubmit"
        case .learn: return "learn"
        case .conjunction: return "conjunction"
        case .multipath: return "multipath"
        case .note: return "note"
        case .exit: return "exit"
        case .ct: return "ct"
        case .ctClear: return "ct_clear"
        case .nat: return "nat"
        case .clone: return "clone"
        case .checkPacketLarger: return "check_pkt_larger"
        case .meter, .clearActions, .writeActions, .writeMetadata, .gotoTable:
            return instruction(of: action).name
        default: return headerName(of: action)
        }
    }

    private static func headerName(of action: Action) -> String {
        switch action {
        case .setVLANVID: return "set_vlan_vid"
        case .setVLANPCP: return "set_vlan_pcp"
        case .stripVLAN: return "strip_vlan"
        case .pushVLAN: return "push_vlan"
        case .setEthSource: return "mod_dl_src"
        case .setEthDestination: return "mod_dl_dst"
        case .setIPv4Source: return "mod_nw_src"
        case .setIPv4Destination: return "mod_nw_dst"
        case .setIPDSCP: return "mod_nw_tos"
        case .setIPECN: return "mod_nw_ecn"
        case .setIPTTL: return "mod_nw_ttl"
        case .setL4SourcePort: return "mod_tp_src"
        case .setL4DestinationPort: return "mod_tp_dst"
        case .decrementTTL: return "dec_ttl"
        case .setMPLSLabel: return "set_mpls_label"
        case .setMPLSTC: return "set_mpls_tc"
        case .setMPLSTTL: return "set_mpls_ttl"
        case .decrementMPLSTTL: return "dec_mpls_ttl"
        case .pushMPLS: return "push_mpls"
        case .popMPLS: return "pop_mpls"
        default: return "<unknown>"
        }
    }
}
