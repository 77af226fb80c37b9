// The command line: what is accepted, and OVS's words for what is not.

import Foundation
import Testing

@testable import ControlTransport

@Suite struct DaemonArgumentsTests {
    private func parse(
        _ words: String..., environment: [String: String] = [:]
    ) throws -> DaemonArguments {
        try DaemonArguments.parse(["/usr/sbin/ovs-vswitchd"] + words, environment: environment)
    }

    private func refusal(_ words: String...) -> String {
        do {
            _ = try DaemonArguments.parse(["ovs-vswitchd"] + words, environment: [:])
            return "accepted"
        } catch {
            return error.message
        }
    }

    @Test("no arguments give Debian's defaults")
    func defaults() throws {
        let parsed = try parse()
        #expect(parsed.program == "ovs-vswitchd")
        #expect(parsed.database == "unix:/var/run/openvswitch/db.sock")
        #expect(parsed.pidfile == nil && parsed.logFile == nil && !parsed.detaches)
        #expect(parsed.directories.database == "/etc/openvswitch")
    }

    @Test("the environment moves the directories, an empty variable does not")
    func environment() throws {
        let parsed = try parse(
            "--pidfile", "--log-file",
            environment: [
                "OVS_RUNDIR": "/r", "OVS_LOGDIR": "/l", "OVS_SYSCONFDIR": "/e", "OVS_DBDIR": "",
            ])
        #expect(parsed.pidfile == "/r/ovs-vswitchd.pid")
        #expect(parsed.logFile == "/l/ovs-vswitchd.log" && !parsed.namesLogFile)
        #expect(parsed.database == "unix:/r/db.sock")
        #expect(parsed.directories.database == "/e/openvswitch")
    }

    @Test("the command line of Debian's ovs-ctl")
    func ovsCtl() throws {
        let parsed = try parse(
            "unix:/run/openvswitch/db.sock", "-vconsole:emer", "-vsyslog:err", "-vfile:info",
            "--mlockall", "--no-chdir", "--log-file=/var/log/openvswitch/ovs-vswitchd.log",
            "--pidfile=/run/openvswitch/ovs-vswitchd.pid", "--detach")
        #expect(parsed.database == "unix:/run/openvswitch/db.sock")
        #expect(parsed.verbosity == ["console:emer", "syslog:err", "file:info"])
        #expect(parsed.locksMemory && !parsed.changesDirectory && parsed.detaches)
        #expect(parsed.namesLogFile && parsed.pidfile == "/run/openvswitch/ovs-vswitchd.pid")
    }

    @Test("abbreviations, bundles, separate arguments and operands in any place")
    func getopt() throws {
        let parsed = try parse(
            "--mon", "db", "--unixctl", "none", "-p", "k", "-ccert", "--ca-cert=ca", "-v", "--verb",
            "--enable-d=system", "--overwrite", "--disable-system", "--pidfile=x")
        #expect(parsed.isMonitored && parsed.database == "db" && parsed.unixctl == "none")
        #expect(parsed.tls?.privateKey == "k" && parsed.tls?.certificate == "cert")
        #expect(parsed.tls?.caCertificate == "ca" && parsed.tls?.bootstrapsCA == false)
        #expect(parsed.verbosity == [nil, nil])
        #expect(parsed.dummy == .system && parsed.overwritesPidfile && !parsed.allowsSystem)
        #expect(parsed.followsSystemRoutes)
        #expect(parsed.pidfile == "/var/run/openvswitch/x")
        #expect(try parse("--", "--detach").database == "--detach")
        #expect(try parse("--bootstrap-ca-cert", "f").bootstrapsCA)
    }

    @Test("help and version end the parsing where they stand")
    func modes() throws {
        #expect(try parse("--help", "--nonsense").mode == .showHelp)
        #expect(try parse("-V", "a", "b").mode == .showVersion)
        #expect(try parse("-vV").verbosity == ["V"])
        #expect(try parse("--vers").mode == .showVersion)
        #expect(refusal("--nonsense", "--help") == "unrecognized option '--nonsense'")
        #expect(try parse("-h").help.contains("usage: ovs-vswitchd [OPTIONS] [DATABASE]"))
    }

    @Test("refusals in the words of OVS 3.1")
    func refusals() {
        #expect(refusal("--foo=1") == "unrecognized option '--foo=1'")
        #expect(
            refusal("--no") == "option '--no' is ambiguous; possibilities: "
                + "'--no-self-confinement' '--no-chdir'")
        #expect(refusal("--unixctl") == "option '--unixctl' requires an argument")
        #expect(refusal("--unix") == "option '--unixctl' requires an argument")
        #expect(refusal("--detach=3") == "option '--detach' doesn't allow an argument")
        #expect(refusal("-q") == "invalid option -- 'q'")
        #expect(refusal("-p") == "option requires an argument -- 'p'")
        #expect(
            refusal("a", "b")
                == "at most one non-option argument accepted; use --help for usage")
        #expect(refusal("--dpdk", "a", "b") == "Using --dpdk to configure DPDK is not supported.")
        #expect(refusal("--enable-dummy=xx") == "xx: unknown dummy level")
        #expect(refusal("--syslog-method=foo") == "unsupported syslog method 'foo'")
    }
}

@Suite struct PidFileTests {
    private let fixture = LoopFixture()

    @Test("the first line's digits are the pid")
    func parsing() {
        #expect(PidFile.parse("123\n".utf8) == 123)
        #expect(PidFile.parse("7".utf8) == 7)
        for bad in ["", "\n", "x1", "0\n", "-5", "99999999999999999999\n"] {
            #expect(PidFile.parse(bad.utf8) == nil)
        }
    }

    @Test("absent and stale files are told apart, and a stale one is replaced")
    func stale() throws {
        let path = fixture.directory + "/p.pid"
        #expect(PidFile.read(path) == .absent)
        try "4242\n".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(PidFile.read(path) == .stale)
        let file = try PidFile.create(at: path, overwrite: false)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "\(getpid())\n")
        file.remove()
        #expect(PidFile.read(path) == .absent)
    }

    @Test("a file locked by another process is respected, unless it may be overwritten")
    func locked() throws {
        let path = fixture.directory + "/q.pid"
        let script = """
            import fcntl, os, sys, time
            f = open("\(path)", "w")
            fcntl.lockf(f, fcntl.LOCK_EX)
            f.write("%d\\n" % os.getpid())
            f.flush()
            print("ready", flush=True)
            sys.stdin.read()
            """
        let holder = Process()
        holder.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        holder.arguments = ["-c", script]
        let output = Pipe()
        let input = Pipe()
        holder.standardOutput = output
        holder.standardInput = input
        try holder.run()
        defer {
            try? input.fileHandleForWriting.close()
            holder.waitUntilExit()
        }
        #expect(output.fileHandleForReading.availableData.starts(with: Data("ready".utf8)))
        let pid = holder.processIdentifier
        #expect(PidFile.read(path) == .running(pid))
        #expect {
            _ = try PidFile.create(at: path, overwrite: false)
        } throws: { error in
            "\(error)" == "\(path): already running as pid \(pid), aborting"
        }
        try PidFile.create(at: path, overwrite: true).remove()
    }
}
