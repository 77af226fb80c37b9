// The control socket, driven by the real ovs-appctl and by hand-made bytes.

import Foundation
import Testing

@testable import ControlTransport

@Suite struct UnixctlServerTests {
    private let fixture = LoopFixture()
    private let server = Held<UnixctlServer?>(nil)

    /// Starts a server with a few commands; returns its socket's path.
    private func start() throws -> String {
        let (fixture, server) = (fixture, server)
        return try fixture.on {
            if let path = server.value?.path { return path }
            let made = UnixctlServer(
                loop: fixture.loop, version: "ovs-vswitchd (Open vSwitch) 3.1.0\n")
            made.registerLogCommands(VLog(program: "probe"))
            made.register("echo", usage: "ARG...", minArgs: 1, maxArgs: 3) { arguments, reply in
                reply.success(arguments.joined(separator: "|"))
            }
            made.register("later", usage: nil, minArgs: 0, maxArgs: 0) { _, reply in
                fixture.loop.schedule(afterMilliseconds: 50) { reply.success("at last") }
            }
            made.register("forget", usage: nil, minArgs: 0, maxArgs: 0) { _, _ in }
            made.register("big", usage: nil, minArgs: 0, maxArgs: 0) { _, reply in
                reply.success(String(repeating: "0123456789abcde\n", count: 500_000))
            }
            try made.listen(program: "probe", runDirectory: fixture.directory)
            server.value = made
            return made.path ?? ""
        }
    }

    private func appctl(_ arguments: String...) throws -> Outcome {
        let path = try start()
        return try run("/usr/bin/ovs-appctl", ["-T", "10", "-t", path] + arguments)
    }

    @Test("ovs-appctl lists the commands as OVS prints them")
    func listCommands() throws {
        let outcome = try appctl("list-commands")
        #expect(outcome.status == 0)
        let commands = [
            ("echo", "ARG..."), ("list-commands", ""), ("version", ""), ("vlog/close", ""),
            ("vlog/disable-rate-limit", "[module]..."), ("vlog/enable-rate-limit", "[module]..."),
            ("vlog/list", ""), ("vlog/list-pattern", ""), ("vlog/reopen", ""),
            ("vlog/set", "{spec | PATTERN:destination:pattern}"),
        ]
        let lines = commands.map { name, usage in
            "  " + name.padding(toLength: 23, withPad: " ", startingAt: 0) + " " + usage + "\n"
        }
        #expect(outcome.output == "The available commands are:\n" + lines.joined())
    }

    @Test("ovs-appctl gets results, with a newline added where there is none")
    func results() throws {
        #expect(try appctl("version").output == "ovs-vswitchd (Open vSwitch) 3.1.0\n")
        #expect(try appctl("echo", "a", "bé\n\"x").output == "a|bé\n\"x\n")
        #expect(try appctl("later").output == "at last\n")
    }

    @Test("a reply far larger than the socket's buffer arrives whole")
    func bigReply() throws {
        #expect(try appctl("big").output.utf8.count == 8_000_000)
    }

    @Test("errors come in OVS's words and with its exit status")
    func errors() throws {
        let unknown = try appctl("foo")
        #expect(unknown.status == 2)
        #expect(
            unknown.errors.hasPrefix(
                "\"foo\" is not a valid command (use \"list-commands\" to see a list of valid "
                    + "commands)\n"))
        #expect(
            try appctl("echo").errors.hasPrefix(
                "\"echo\" command requires at least 1 arguments\n"))
        #expect(
            try appctl("echo", "1", "2", "3", "4").errors.hasPrefix(
                "\"echo\" command takes at most 3 arguments\n"))
        #expect(try appctl("vlog/reopen").errors.hasPrefix("Logging to file not configured\n"))
    }

    @Test("a command that forgets to reply is answered with an error, not with silence")
    func forgotten() throws {
        #expect(try appctl("forget").errors.hasPrefix("command ended without a reply\n"))
    }

    @Test("ovs-appctl finds the daemon by its pidfile")
    func byPidfile() throws {
        let path = try start()
        let pid = getpid()
        #expect(path == "\(fixture.directory)/probe.\(pid).ctl")
        // The tool trusts only a pidfile that another process holds locked.
        let file = try PidFile.create(
            at: "\(fixture.directory)/probe.pid", overwrite: false)
        defer { file.remove() }
        let outcome = try run(
            "/usr/bin/ovs-appctl", ["-T", "10", "-t", "probe", "version"],
            environment: ["OVS_RUNDIR": fixture.directory])
        #expect(outcome.errors == "")
        #expect(outcome.output == "ovs-vswitchd (Open vSwitch) 3.1.0\n")
    }

    @Test("requests on one connection are answered in order, one at a time")
    func pipelined() throws {
        let path = try start()
        let received = Held<[UInt8]>([])
        let fixture = fixture
        try fixture.on {
            _ = StreamConnector.connect(
                to: StreamEndpoint(unixPath: path), on: fixture.loop
            ) { result in
                guard case .success(let connection) = result else { return }
                connection.onBytes = { received.value += $0 }
                connection.write(
                    Array(
                        (#"{"id":7,"method":"later","params":[]}"#
                            + #"{"id":"b","method":"echo","params":["x",1]}"#
                            + #"{"id":8,"method":"echo","params":["y"]}"#).utf8))
            }
        }
        let expected =
            #"{"error":null,"id":7,"result":"at last\n"}"#
            + #"{"error":"\"echo\" command has non-string argument\n","id":"b","result":null}"#
            + #"{"error":null,"id":8,"result":"y\n"}"#
        try fixture.eventually { received.value.count >= expected.utf8.count }
        #expect(try fixture.on { String(decoding: received.value, as: UTF8.self) } == expected)
    }

    @Test(
        "what is not a request ends the connection",
        arguments: [
            "xyz", #"{"id":null,"method":"version","params":[]}"#,
            #"{"id":1,"result":2,"error":null}"#,
            #"[[[[[[[[[[[["#, #"{"id":1}"#,
        ])
    func rejected(_ bytes: String) throws {
        let path = try start()
        let closed = Held(false)
        let fixture = fixture
        try fixture.on {
            _ = StreamConnector.connect(
                to: StreamEndpoint(unixPath: path), on: fixture.loop
            ) { result in
                guard case .success(let connection) = result else { return }
                connection.onClose = { _ in closed.value = true }
                connection.write(Array(bytes.utf8))
            }
        }
        try fixture.eventually { closed.value }
    }

    @Test("closing removes the socket file")
    func closing() throws {
        let path = try start()
        #expect(access(path, F_OK) == 0)
        let server = server
        try fixture.on { server.value?.close() }
        #expect(access(path, F_OK) != 0)
    }
}
