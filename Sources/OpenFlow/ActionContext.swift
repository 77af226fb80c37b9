// How actions change what is known of a packet's headers; both the checks of later actions and
// the form in which they are written depend on it.

import Flow

extension FieldContext {
    /// Takes over what `action` does to VLAN tags, the Ethertype and the protocol.
    mutating func apply(_ action: Action) {
        switch action {
        case .setVLANVID, .setVLANPCP: vlanTCI |= 0x1000
        case .pushVLAN:
            innerVLANTCI = vlanTCI
            vlanTCI = 0x1000
        case .stripVLAN:
            vlanTCI = innerVLANTCI
            innerVLANTCI = 0
        case .setField(let set), .registerLoad(let set):
            if set.field == .vlanTCI { vlanTCI = UInt16(truncatingIfNeeded: set.value.low64) }
        case .pushMPLS(let type):
            ethType = type
            ipProtocol = 0
        case .popMPLS(let type): ethType = type
        default: break
        }
    }
}
