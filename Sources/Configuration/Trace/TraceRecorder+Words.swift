// The interpreter's remarks in OVS's words.

import Pipeline

extension TraceRecorder {
    static func words(_ remark: TraceRemark) -> (TraceNode.Kind, String) {
        switch remark {
        case .skippingOutputToInputPort: (.warning, "skipping output to input port")
        case .nonexistentOutputPort: (.warning, "Nonexistent output port")
        case .portDown: (.detail, "OFPPC_NO_FWD set, skipping output")
        case .floodBridge: (.detail, "flooding")
        case .noLearnedMACFlooding: (.detail, "no learned MAC for destination, flooding")
        case .forwardingToLearnedPort: (.detail, "forwarding to learned port")
        case .learnedPortIsInputPort: (.detail, "learned port is input port, dropping")
        case .multicastFlooding: (.detail, "multicast traffic, flooding")
        case .vlanNotCarried: (.warning, "disallowed VLAN VID for this input port, dropping")
        case .reservedMulticast: (.detail, "packet has reserved destination MAC, dropping")
        case .recursionTooDeep: (.warning, "over max translation depth 64")
        case .tooManyResubmits: (.warning, "over 4096 resubmit actions")
        case .stackEmpty: (.warning, "Failed to pop from an empty stack.")
        case .ttlExceeded: (.warning, "IPv4 decrement TTL exception")
        case .noLiveBucket: (.detail, "no live bucket")
        case .portIsMirrorOutput: (.warning, "input port is mirror output port, dropping")
        case .nonexistentGroup: (.warning, "output to nonexistent group")
        case .learnedNewAddress: (.detail, "learned a new address")
        }
    }
}
