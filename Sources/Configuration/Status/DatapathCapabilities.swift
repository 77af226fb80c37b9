// What this datapath can do, in the words of `Datapath.capabilities` and of
// `dpif/show-dp-features`.

/// The datapath's features.
enum DatapathCapabilities {
    /// The pairs that clients such as ovn-controller look for.
    static func database(vlanLimit: UInt32) -> [String: String] {
        [
            "max_vlan_headers": String(vlanLimit), "recirc": "true",
            "lb_output_action": "true", "ct_zero_snat": "true", "ct_state": "true",
            "ct_zone": "true", "ct_mark": "true", "ct_label": "true", "ct_state_nat": "true",
            "ct_orig_tuple": "true", "ct_orig_tuple6": "true", "masked_set_action": "true",
            "tnl_push_pop": "true", "ufid": "true", "trunc": "true", "nd_ext": "true",
            "clone": "true", "sample_nesting": "true", "ct_eventmask": "true", "ct_clear": "true",
            "ct_flush": "true",
            "max_hash_alg": "1", "check_pkt_len": "true", "ct_timeout": "true",
            "explicit_drop_action": "true", "add_mpls": "true", "max_mpls_depth": "3",
        ]
    }
}
