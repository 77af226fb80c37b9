// Runs the real ovs-* tools from tests.

import Foundation
import Glibc

/// What a command said and how it ended.
struct ToolOutput {
    let text: String
    let status: Int32
    var lines: [String] { text.split(separator: "\n").map(String.init) }
}

/// A child process with no signal blocked, whatever the thread that starts it blocks.
final class ChildProcess {
    let identifier: pid_t
    private let output: Int32
    private(set) var isRunning = true

    /// Runs `command` in a shell; nil if that fails. The output goes to a pipe or, if not wanted,
    /// nowhere.
    init?(_ command: String, environment: [String: String] = [:], keepsOutput: Bool = true) {
        var pipes: [Int32] = [0, 0]
        guard pipe(&pipes) == 0 else { return nil }
        _ = fcntl(pipes[0], F_SETFD, FD_CLOEXEC)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        if keepsOutput {
            posix_spawn_file_actions_adddup2(&actions, pipes[1], 1)
            posix_spawn_file_actions_adddup2(&actions, pipes[1], 2)
        } else {
            posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
            posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        }
        posix_spawn_file_actions_addclose(&actions, pipes[1])
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let words: [String] = ["/bin/bash", "-c", command]
        let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        let settings: [UnsafeMutablePointer<CChar>?] =
            variables.map { strdup("\($0)=\($1)") } + [nil]
        defer { for text in arguments + settings { free(text) } }
        var child: pid_t = 0
        let status = posix_spawn(&child, "/bin/bash", &actions, &attributes, arguments, settings)
        close(pipes[1])
        output = pipes[0]
        identifier = child
        if status != 0 {
            close(pipes[0])
            return nil
        }
    }

    /// All output, once the process and its children have closed it.
    func readOutput() -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(output, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Waits for its end and returns its exit status.
    func wait() -> Int32 {
        guard isRunning else { return 0 }
        var status: Int32 = 0
        while waitpid(identifier, &status, 0) < 0 && errno == EINTR {}
        isRunning = false
        close(output)
        return status & 0x7f == 0 ? status >> 8 & 0xff : -1
    }

    func stop(_ signal: Int32 = SIGTERM) {
        if isRunning { kill(identifier, signal) }
    }
}

enum ToolRunner {
    /// Runs `command` in a shell; both outputs together.
    static func run(
        _ command: String, environment: [String: String] = [:], secondsMax: Int = 30
    ) -> ToolOutput {
        guard
            let child = ChildProcess(
                "exec timeout \(secondsMax) bash -c \(quoted(command))", environment: environment)
        else { return ToolOutput(text: "", status: -1) }
        let text = child.readOutput()
        return ToolOutput(text: text, status: child.wait())
    }

    static func quoted(_ text: String) -> String {
        "'" + text.replacingOccurrences(of: "'", with: "'\\''") + "'"
    }

    /// Whether the tools and the peer switch are installed.
    static let isInstalled = ["ovs-ofctl", "ovs-vswitchd", "ovsdb-server"].allSatisfy {
        run("command -v \($0)", environment: ["PATH": path]).status == 0
    }

    static let path = "/usr/sbin:/usr/bin:/sbin:/bin"
}

/// An Open vSwitch with a dummy datapath in a directory of its own.
final class PeerSwitch {
    let directory: String
    private var processes: [ChildProcess] = []
    var target: String { "unix:\(directory)/br0.mgmt" }

    /// Starts it with bridge `br0` and ports `p1` to `p3`; nil if it does not start.
    init?() {
        directory = "/tmp/vd-peer-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try? FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        guard
            run("ovsdb-tool create conf.db /usr/share/openvswitch/vswitch.ovsschema").status == 0,
            start("ovsdb-server", ["conf.db", "--remote=punix:\(directory)/db.sock"]),
            wait(for: "db.sock"), run("ovs-vsctl --db=unix:db.sock --no-wait init").status == 0,
            start(
                "ovs-vswitchd",
                ["unix:\(directory)/db.sock", "--enable-dummy=override", "--disable-system"])
        else {
            stop()
            return nil
        }
        var command =
            "ovs-vsctl --timeout=20 --db=unix:db.sock add-br br0 -- set bridge br0 "
            + "datapath-type=dummy fail-mode=secure other-config:datapath-id=0000000000000001"
        for port in 1...3 {
            command +=
                " -- add-port br0 p\(port) -- set interface p\(port) type=dummy "
                + "ofport_request=\(port)"
        }
        guard run(command).status == 0, wait(for: "br0.mgmt") else {
            stop()
            return nil
        }
    }

    func stop() {
        for process in processes.reversed() {
            process.stop()
            _ = process.wait()
        }
        processes = []
        try? FileManager.default.removeItem(atPath: directory)
    }

    private var environment: [String: String] {
        [
            "OVS_RUNDIR": directory, "OVS_LOGDIR": directory, "OVS_DBDIR": directory,
            "PATH": ToolRunner.path,
        ]
    }

    private func run(_ command: String) -> ToolOutput {
        ToolRunner.run("cd \(directory) && \(command)", environment: environment)
    }

    private func start(_ tool: String, _ arguments: [String]) -> Bool {
        let line =
            "cd \(directory) && exec \(tool) \(arguments.joined(separator: " ")) "
            + "-vconsole:off --log-file=\(tool).log"
        guard let process = ChildProcess(line, environment: environment, keepsOutput: false)
        else { return false }
        processes.append(process)
        return true
    }

    private func wait(for file: String) -> Bool {
        for _ in 0..<200 {
            if FileManager.default.fileExists(atPath: "\(directory)/\(file)") { return true }
            usleep(50_000)
        }
        return false
    }
}
