// The names by which tools know the datapath. There is one, but bridges of types netdev, system and
// dummy each believe in theirs.

import Dpif

extension VirtualSwitch {
    /// The types that bridges have, by name.
    var typesInUse: [String] { Set(bridges.values.map(\.datapathType)).sorted() }

    /// The datapaths that exist as far as tools can tell, such as `netdev@ovs-netdev`.
    var datapathNames: [String] { typesInUse.map { "\($0)@ovs-\($0)" } }

    /// Bridges of one type, by name.
    func bridges(ofType type: String) -> [BridgeRuntime] {
        orderedBridges.filter { $0.datapathType == type }
    }

    /// The type that a datapath's name stands for; nil for no such name.
    func type(ofDatapath name: String) -> String? {
        for type in ["netdev", "system", "dummy"]
        where name == "\(type)@ovs-\(type)" || name == "ovs-\(type)" {
            return type
        }
        return nil
    }

    /// Packets that records served, and packets that the pipeline judged.
    var lookups: (hits: UInt64, misses: UInt64, records: Int) {
        let threads = inspection?.threadStatistics() ?? []
        return (
            threads.reduce(0) { $0 &+ $1.recordHits }, threads.reduce(0) { $0 &+ $1.judged },
            threads.reduce(0) { $0 + $1.records }
        )
    }

    /// What OVS calls the type of an interface's device.
    func deviceType(_ interface: OpenInterface, of bridge: BridgeRuntime) -> String {
        switch interface.settings.type {
        case "internal": bridge.datapathType == "netdev" ? "tap"
            : bridge.datapathType == "dummy" ? "dummy-internal" : "internal"
        case let type: type
        }
    }
}
