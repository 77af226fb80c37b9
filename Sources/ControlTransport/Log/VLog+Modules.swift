// The names of modules that exist from the start, so that `-v` and `vlog/set` know them before
// their first message. They are OVS's names wherever a part of ours does what the part of OVS does.

extension VLog {
    /// The modules of a switch by OVS's names.
    public static let switchModules = [
        "bfd", "bond", "bridge", "cfm", "connmgr", "conntrack", "coverage", "daemon_unix", "dpdk",
        "dpif", "dpif_netdev", "ipfix", "lacp", "lldp", "mcast_snooping", "memory", "netdev",
        "netdev_dpdk", "netdev_dummy", "netdev_linux", "netdev_vport", "netlink", "ofp_actions",
        "ofp_bundle", "ofproto", "ofproto_dpif", "ofproto_dpif_mirror", "ofproto_dpif_upcall",
        "ofproto_dpif_xlate", "ovs_router", "ovsdb_cs", "ovsdb_idl", "pinsched", "rconn",
        "reconnect", "rstp", "sflow", "stp", "stream", "stream_ssl", "stream_tcp", "stream_unix",
        "system_stats", "timeval", "tunnel", "unixctl", "vconn", "vlog", "vswitchd",
    ]
}
