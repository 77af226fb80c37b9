// The directories that a daemon of Open vSwitch works in. A value; any thread.

/// Where sockets, logs, databases and settings lie.
///
/// **Source** ovs-vswitchd(8), `OVS_RUNDIR` and its fellows.
public struct ControlDirectories: Equatable, Sendable {
    public var run: String
    public var log: String
    public var database: String
    public var settings: String
    public var data: String

    /// Takes the directories from the environment, and Debian's where it is silent.
    public init(environment: [String: String]) {
        func directory(_ name: String, _ fallback: String) -> String {
            if let value = environment[name], !value.isEmpty { value } else { fallback }
        }
        run = directory("OVS_RUNDIR", "/var/run/openvswitch")
        log = directory("OVS_LOGDIR", "/var/log/openvswitch")
        settings = directory("OVS_SYSCONFDIR", "/etc")
        database = directory("OVS_DBDIR", settings + "/openvswitch")
        data = directory("OVS_PKGDATADIR", "/usr/share/openvswitch")
    }
}
