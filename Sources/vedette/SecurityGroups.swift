// `vedette sg`: security groups on this host.

import ArgumentParser
import Glibc
import Policy

/// `vedette sg`.
struct SecurityGroups: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sg",
        abstract: "Security groups: which connections workloads' ports may have.",
        subcommands: [
            ApplyPolicy.self, DiffPolicy.self, PatchPolicy.self, ShowPolicy.self, ListPolicy.self,
            WhoPolicy.self, ExplainPolicy.self, WatchPolicy.self,
        ])
}

extension DaemonOptions {
    /// Sends a text to the daemon, in parts, and then `command` with its token.
    func send(_ text: String, _ command: String) throws {
        try withClient { client in
            let token = "\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
            let bytes = Array(text.utf8)
            var start = 0
            while start < bytes.count {
                var end = min(start + (1 << 20), bytes.count)
                // Not in the middle of a character.
                while end < bytes.count, bytes[end] & 0xc0 == 0x80 { end -= 1 }
                let part = String(decoding: bytes[start..<end], as: UTF8.self)
                _ = try client.run("policy/upload", [token, part])
                start = end
            }
            print(try client.run(command, [token]), terminator: "")
        }
    }

    /// Reads files, and sends the document.
    func send(_ files: [String], _ command: String) throws {
        let document: PolicyDocument
        do throws(PolicySourceError) {
            document = try PolicySource.document(files)
        } catch {
            fail(error.lines)
        }
        try send(document.json, command)
    }

    func fail(_ lines: [String]) -> Never {
        let text = Array(lines.map { "vedette: \($0)\n" }.joined().utf8)
        _ = text.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        Glibc.exit(1)
    }

    func ask(_ command: String, _ arguments: [String] = []) throws {
        try withClient { print(try $0.run(command, arguments), terminator: "") }
    }
}

/// The files of a policy.
struct PolicyFiles: ParsableArguments {
    @Argument(help: "Files of YAML or JSON, together one policy; - is the standard input.")
    var files: [String]
}

/// `vedette sg apply`.
struct ApplyPolicy: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Puts the policy of a file into force: all of it at once, or nothing.")
    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var policy: PolicyFiles

    func run() throws { try daemon.send(policy.files, "policy/apply") }
}

/// `vedette sg diff`.
struct DiffPolicy: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Shows what applying a file would change, and which connections it would cut.")
    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var policy: PolicyFiles

    func run() throws { try daemon.send(policy.files, "policy/diff") }
}

/// `vedette sg patch`.
struct PatchPolicy: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "patch",
        abstract: "Adds or alters single objects of the policy, and removes others.")
    @OptionGroup var daemon: DaemonOptions
    @Argument(help: "Files of YAML or JSON with the objects that are new or other than before.")
    var files: [String] = []
    @Option(name: .customLong("delete-rule"), help: "The id of a rule to remove.")
    var rules: [String] = []
    @Option(name: .customLong("delete-port"), help: "The id of a port to remove.")
    var ports: [String] = []
    @Option(name: .customLong("delete-group"), help: "The id of a group to remove.")
    var groups: [String] = []

    func run() throws {
        var trees: [PolicyNode] = []
        do throws(PolicySourceError) {
            for file in files { trees.append(try PolicySource.tree(file)) }
        } catch {
            daemon.fail(error.lines)
        }
        var patch = PolicyPatch()
        patch.rules = rules
        patch.ports = ports
        patch.groups = groups
        do throws(PolicyErrors) {
            try patch.read(trees)
        } catch {
            let place = files.joined(separator: "+")
            daemon.fail(error.list.map { "\(place): \($0)" })
        }
        try daemon.send(patch.json, "policy/patch")
    }
}

/// `vedette sg show`.
struct ShowPolicy: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows how things stand, and the ports on this host.")
    @OptionGroup var daemon: DaemonOptions
    func run() throws { try daemon.ask("policy/show") }
}

/// `vedette sg list`.
struct ListPolicy: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists groups and their rules.")
    @OptionGroup var daemon: DaemonOptions
    func run() throws { try daemon.ask("policy/list") }
}

/// `vedette sg who`.
struct WhoPolicy: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "who",
        abstract: "Lists the rules that hold for a port, with packets counted on this host.")
    @OptionGroup var daemon: DaemonOptions
    @Argument(help: "The port's id or name, or its interface.") var port: String
    func run() throws { try daemon.ask("policy/who", [port]) }
}

/// `vedette sg explain`.
struct ExplainPolicy: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Says whether a port may have a connection, and by which rule.")
    @OptionGroup var daemon: DaemonOptions
    @Argument(help: "The port's id or name, or its interface.") var port: String
    @Argument(help: "tcp, udp, icmp or another protocol.") var proto: String
    @Argument(help: "The other side, such as 10.0.0.5:443 or [fd00::5]:443.") var remote: String
    @Flag(
        name: .customLong("from"),
        help: "The other side begins it; the number is then this port's. Default: this port does.")
    var isIngress = false

    func run() throws {
        try daemon.ask("policy/explain", [port, isIngress ? "from" : "to", proto, remote])
    }
}

/// `vedette sg watch`.
struct WatchPolicy: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Shows drops by rule as they happen, by counters that are read 4 times a second.")
    @OptionGroup var daemon: DaemonOptions
    @Option(help: "Stop after so many seconds.") var seconds: Int?

    func run() throws {
        var before: [Substring: UInt64]?
        var turns = 0
        try daemon.withClient { client in
            while seconds.map({ turns <= $0 * 4 }) ?? true {
                var now: [Substring: UInt64] = [:]
                for line in try client.run("policy/drops").split(separator: "\n") {
                    guard let tab = line.firstIndex(of: "\t") else { continue }
                    now[line[line.index(after: tab)...]] = UInt64(line[..<tab])
                }
                for (name, count) in now.sorted(by: { $0.key < $1.key }) {
                    let more = count &- min(before?[name] ?? 0, count)
                    guard before != nil, more > 0 else { continue }
                    let parts = name.split(separator: "\t", maxSplits: 1)
                    say("\(clock()) \(parts[0]): \(more) dropped: \(parts.last ?? "")\n")
                }
                before = now
                turns += 1
                usleep(250_000)
            }
        }
    }

    /// Past the output's buffer: the line is there when the drop is.
    private func say(_ line: String) {
        let bytes = Array(line.utf8)
        _ = bytes.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    }

    private func clock() -> String {
        var now = time(nil)
        var parts = tm()
        localtime_r(&now, &parts)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
    }
}
