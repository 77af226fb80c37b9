// The control socket that ovs-appctl talks to: a registry of commands, and JSON-RPC 1.0 over a UNIX
// socket. Everything on the control loop.

import Glibc
import OVSDB

/// The registry of control commands, and the socket they come in by.
///
/// **Owner** the control loop.
/// **Source** ovs-appctl(8).
public final class UnixctlServer {
    /// Carries out a command; `arguments` does not contain the command's name.
    public typealias Handler = (_ arguments: [String], _ reply: UnixctlReply) -> Void

    private struct Command {
        var usage: String?
        var arguments: ClosedRange<Int>
        var handler: Handler
    }

    static let log = VLog.module("unixctl")
    static let rateLimit = VLogRateLimit(perMinute: 5, burst: 5)

    /// Where the socket is, once `listen` has made it.
    public private(set) var path: String?

    private let loop: ControlLoop
    private var commands: [String: Command] = [:]
    private var listener: StreamListener?
    private var sessions: [ObjectIdentifier: UnixctlSession] = [:]

    /// Makes a registry that knows `list-commands` and `version`, which answers `version`.
    public init(loop: ControlLoop, version: String) {
        self.loop = loop
        register("list-commands", usage: "", minArgs: 0, maxArgs: 0) { [unowned self] _, reply in
            reply.success(self.listing())
        }
        register("version", usage: "", minArgs: 0, maxArgs: 0) { _, reply in
            reply.success(version)
        }
    }

    /// Adds a command; a name that is known already is replaced. A nil `usage` hides it from
    /// `list-commands`. `maxArgs` may be `.max`.
    public func register(
        _ name: String, usage: String?, minArgs: Int, maxArgs: Int, handler: @escaping Handler
    ) {
        commands[name] = Command(usage: usage, arguments: minArgs...maxArgs, handler: handler)
    }

    /// Carries out a command as if a client had sent it.
    public func invoke(_ name: String, _ arguments: [String], _ reply: UnixctlReply) {
        guard let command = commands[name] else {
            return reply.error(
                "\"\(name)\" is not a valid command (use \"list-commands\" to see a list of valid "
                    + "commands)")
        }
        if arguments.count < command.arguments.lowerBound {
            return reply.error(
                "\"\(name)\" command requires at least \(command.arguments.lowerBound) arguments")
        }
        if arguments.count > command.arguments.upperBound {
            return reply.error(
                "\"\(name)\" command takes at most \(command.arguments.upperBound) arguments")
        }
        command.handler(arguments, reply)
    }

    /// Listens on the socket that `--unixctl` names: nil for the default
    /// `<rundir>/<program>.<pid>.ctl`, a relative name for one in the run directory, `none` for no
    /// socket. After daemonizing, since the default holds the pid.
    public func listen(
        _ name: String? = nil, program: String, runDirectory: String
    ) throws(StreamError) {
        guard name != "none" else { return }
        let file = absolutePath(name ?? "\(program).\(getpid()).ctl", in: runDirectory)
        do {
            listener = try StreamListener.listen(
                on: ListenEndpoint(unixPath: file), loop: loop
            ) { [weak self] connection in
                guard let self else { return connection.close() }
                self.accept(connection)
            }
            path = file
        } catch {
            throw StreamError(
                code: error.code,
                message: "\(file): could not initialize control socket (\(error.codeText))")
        }
    }

    /// Closes the socket and all its connections. Commands under way are not answered.
    public func close() {
        listener?.close()
        listener = nil
        for session in sessions.values { session.close() }
        sessions.removeAll()
    }

    private func accept(_ connection: StreamConnection) {
        let session = UnixctlSession(connection: connection, server: self)
        sessions[ObjectIdentifier(session)] = session
    }

    func ended(_ session: UnixctlSession) {
        sessions[ObjectIdentifier(session)] = nil
    }

    private func listing() -> String {
        var text = "The available commands are:\n"
        for (name, command) in commands.sorted(by: { $0.key < $1.key }) {
            guard let usage = command.usage else { continue }
            text += "  " + name.padded(to: 23) + " " + usage + "\n"
        }
        return text
    }
}
