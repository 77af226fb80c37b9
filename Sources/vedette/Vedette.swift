// `vedette`: the human's tool. It asks a running daemon through the same socket as `ovs-appctl` and
// puts the answers together.

import ArgumentParser
import Glibc

/// The command.
@main
struct Vedette: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vedette",
        abstract: "Looks into a running Vedette switch.",
        subcommands: [
            Status.self, Connections.self, Records.self, Explain.self, SecurityGroups.self,
        ],
        defaultSubcommand: Status.self)
}

/// Options that every subcommand takes.
struct DaemonOptions: ParsableArguments {
    @Option(help: "The daemon's run directory (default: OVS_RUNDIR or /var/run/openvswitch).")
    var rundir: String?

    /// Runs `body` with a connection; a failure is printed and ends the command.
    func withClient(_ body: (UnixctlClient) throws -> Void) throws {
        let environment = getenv("OVS_RUNDIR").map { String(cString: $0) }
        let directory = rundir ?? environment ?? "/var/run/openvswitch"
        do {
            let client = try UnixctlClient(runDirectory: directory)
            defer { client.disconnect() }
            try body(client)
        } catch let error as UnixctlError {
            throw ValidationError(error.message)
        }
    }
}

/// `vedette status`.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows version, bridges, ports, poll threads and connection count.")
    @OptionGroup var daemon: DaemonOptions

    func run() throws {
        try daemon.withClient { client in
            print(try client.run("version"), terminator: "")
            print("\nBridges and ports:")
            print(try client.run("dpif/show"), terminator: "")
            print("\nBudgets of ports:")
            print(try client.run("vedette/budgets-show"), terminator: "")
            print("\nPoll threads:")
            print(try client.run("dpif-netdev/pmd-stats-show"), terminator: "")
            let count = try client.run("dpctl/ct-get-nconns")
            let limit = try client.run("dpctl/ct-get-maxconns")
            print("\nConnections: \(trimmed(count)) of at most \(trimmed(limit))")
        }
    }

    private func trimmed(_ text: String) -> String {
        String(text.filter { !$0.isWhitespace })
    }
}

/// `vedette connections`.
struct Connections: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists tracked connections.")
    @OptionGroup var daemon: DaemonOptions
    @Option(help: "Only this conntrack zone.") var zone: UInt16?

    func run() throws {
        try daemon.withClient { client in
            let arguments = zone.map { ["zone=\($0)"] } ?? []
            print(try client.run("dpctl/dump-conntrack", arguments), terminator: "")
        }
    }
}

/// `vedette records`.
struct Records: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists the flow records: what each live flow came to.")
    @OptionGroup var daemon: DaemonOptions

    func run() throws {
        try daemon.withClient { client in
            print(try client.run("dpctl/dump-flows"), terminator: "")
        }
    }
}

/// `vedette explain`.
struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says what the switch would do with a packet, rule by rule.")
    @OptionGroup var daemon: DaemonOptions
    @Argument(help: "The bridge.") var bridge: String
    @Argument(help: "The packet in flow syntax, such as in_port=1,tcp,nw_dst=10.0.0.5,tp_dst=443.")
    var flow: String

    func run() throws {
        try daemon.withClient { client in
            print(try client.run("ofproto/trace", [bridge, flow]), terminator: "")
        }
    }
}
