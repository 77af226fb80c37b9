// The daemon's entry: command line, log, daemon, threads, in the order that forking allows.

import ControlTransport
import Glibc
import PMD

func run() throws -> Int32 {
    var words = CommandLine.arguments
    let wantsEmbeddedDatabase = words.contains("--embedded-db")
    words.removeAll { $0 == "--embedded-db" }
    var environment: [String: String] = [:]
    for name in ["OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR", "OVS_SYSCONFDIR", "OVS_PKGDATADIR"] {
        environment[name] = getenv(name).map { String(cString: $0) }
    }
    // Tools find the daemon by this name, whatever the file is called.
    if !words.isEmpty { words[0] = "ovs-vswitchd" }
    let arguments = try DaemonArguments.parse(words, environment: environment)
    switch arguments.mode {
    case .showHelp:
        print(
            arguments.help + """
                Embedded database:
                  --embedded-db           where no database answers, run an ovsdb-server of our own
                                          with a fresh database in \(arguments.directories.run)

                """, terminator: "")
        return 0
    case .showVersion:
        print(Version.text(program: arguments.program))
        return 0
    case .run: break
    }
    mkdir(arguments.directories.run, 0o755)
    try Daemon.configure(arguments)
    let daemon = try Daemon.start(arguments)
    defer { daemon.finish() }
    if arguments.locksMemory { Daemon.lockMemory() }
    raiseLimits()
    SignalWatch.block(SwitchDaemon.signals)
    let database = wantsEmbeddedDatabase
        ? try EmbeddedDatabase.start(
            arguments.directories, outputFile: arguments.detaches ? "/dev/null" : nil) : nil
    defer { database?.stop() }
    let loop = ControlLoop()
    try loop.runAndWait {
        guard let datapath = DatapathController(DatapathSettings()) else {
            throw DaemonFailure("not enough memory for the datapath")
        }
        let running = try SwitchDaemon(
            loop: loop, arguments: arguments, datapath: datapath, daemon: daemon)
        try running.start()
        loop.keep(running)
    }
    let status = loop.runUntilStopped()
    loop.shutdown()
    return status
}

/// As many descriptors as the system lets us have: each port, controller and tool takes some.
func raiseLimits() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}

/// The words for a failure to start.
func text(_ error: any Error) -> String {
    switch error {
    case let error as DaemonFailure: error.message
    case let error as StreamError: error.message
    default: "\(error)"
    }
}

let program = CommandLine.arguments.first?.split(separator: "/").last.map(String.init) ?? "vswitchd"
var status: Int32 = 1
do {
    status = try run()
} catch let error as DaemonArgumentsError {
    VLog.printError("\(program): \(error.message)")
} catch {
    VLog.module("vswitchd").emer(text(error))
    VLog.printError("\(program): \(text(error))")
}
ExitFiles.removeAll()
if status > 128, SwitchDaemon.signals.contains(status - 128) { SignalWatch.dieBy(status - 128) }
exit(status)
