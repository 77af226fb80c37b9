// What kinds of datapaths and interfaces there are, for the database and for commands.

import Dpif

extension VirtualSwitch {
    var vlanLimit: UInt32 { datapath.pipeline.pointee.vlanLimit }

    /// For `Open_vSwitch.datapath_types`.
    var datapathTypes: [String] {
        (options.allowsDummy ? ["dummy"] : []) + ["netdev", "system"]
    }

    /// For `Open_vSwitch.iface_types`.
    var interfaceTypes: [String] {
        var types = [
            "bareudp", "erspan", "geneve", "gre", "gtpu", "internal", "ip6erspan", "ip6gre",
            "lisp", "patch", "stt", "system", "tap", "vxlan",
        ]
        if host.dpdkVersion != nil {
            types += ["dpdk", "dpdkvhostuser", "dpdkvhostuserclient"]
        }
        if options.allowsDummy { types += ["dummy", "dummy-internal", "dummy-pmd"] }
        return types.sorted()
    }
}
