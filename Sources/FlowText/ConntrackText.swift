// `ct(...)` and `nat(...)`: printing.

import Flow
import OpenFlow

enum ConntrackText {
    static func text(_ action: ConntrackAction, _ context: FlowTextContext) -> String {
        var text = "ct("
        if action.commit { text += "commit," }
        if action.force { text += "force," }
        if action.recircTable != 255 { text += "table=\(context.tableText(action.recircTable))," }
        if let field = action.zoneField {
            text += "zone=\(SubfieldText.text(field)),"
        } else if action.zone != 0 {
            text += "zone=\(action.zone),"
        }
        if let nat = action.nat { text += self.text(nat) + "," }
        if !action.exec.isEmpty {
            text += "exec(\(ActionPrinter.text(action.exec, context: context))),"
        }
        switch action.alg {
        case 0: break
        case 21: text += "alg=ftp,"
        case 69: text += "alg=tftp,"
        default: text += "alg=\(action.alg),"
        }
        text.chompComma()
        return text + ")"
    }

    static func text(_ nat: NATAction) -> String {
        guard nat.kind != .existing else { return "nat" }
        var text = "nat(" + (nat.kind == .source ? "src" : "dst")
        let isV4 = nat.ipv4Min != nil
        guard isV4 || nat.ipv6Min != nil else { return text + ")" }
        text += "="
        let port = nat.portMin ?? 0
        if let low = nat.ipv4Min {
            text += TextForm.ipv4(low)
            if let high = nat.ipv4Max, high != 0, high != low { text += "-" + TextForm.ipv4(high) }
        } else if let low = nat.ipv6Min {
            let brackets = port != 0 ? ("[", "]") : ("", "")
            text += brackets.0 + TextForm.ipv6(low.bytes) + brackets.1
            if let high = nat.ipv6Max, !high.isZero, high != low {
                text += "-" + brackets.0 + TextForm.ipv6(high.bytes) + brackets.1
            }
        }
        if port != 0 {
            text += ":\(port)"
            if let high = nat.portMax, high != 0, high != port { text += "-\(high)" }
        }
        text += ","
        if nat.persistent { text += "persistent," }
        if nat.hash { text += "hash," }
        if nat.random { text += "random," }
        text.chompComma()
        return text + ")"
    }
}
