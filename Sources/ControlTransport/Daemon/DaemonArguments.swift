// The command line of ovs-vswitchd as a value. Pure; the effects are `Daemon`'s.

/// What the command line of ovs-vswitchd says.
///
/// **Source** ovs-vswitchd(8), "Options".
public struct DaemonArguments: Equatable, Sendable {
    /// What the process is to do.
    public enum Mode: Equatable, Sendable { case run, showHelp, showVersion }

    /// How far dummy devices replace real ones (`--enable-dummy`).
    public enum DummyLevel: Equatable, Sendable {
        /// They can be asked for by type.
        case allowed
        /// They replace type `system`.
        case system
        /// They replace every type.
        case override
    }

    public var mode = Mode.run
    /// The name the process goes by: the last component of its path.
    public var program: String
    public var directories: ControlDirectories
    /// The database's stream name.
    public var database: String
    public var detaches = false
    public var isMonitored = false
    /// Whether a detached process moves to `/`.
    public var changesDirectory = true
    /// The pidfile's path; nil for none.
    public var pidfile: String?
    public var overwritesPidfile = false
    /// Whether the process refuses sockets outside its directories.
    public var confinesItself = true
    /// The user to become, as `user`, `user:group` or `:group`.
    public var user: String?
    public var locksMemory = false
    /// The log file's path; nil for none.
    public var logFile: String?
    /// Whether the log file was named, so that failing to open it is fatal.
    public var namesLogFile = false
    /// Each `-v` in its order; nil for one without an argument.
    public var verbosity: [String?] = []
    public var syslogMethod: String?
    public var syslogTarget: String?
    /// The control socket: nil for the default, `none` for none.
    public var unixctl: String?
    public var privateKey: String?
    public var certificate: String?
    public var caCertificate: String?
    public var bootstrapsCA = false
    public var peerCACertificate: String?
    public var sslProtocols: String?
    public var sslCiphers: String?
    /// Nil where dummies are not enabled.
    public var dummy: DummyLevel?
    public var dummyNUMA: String?
    /// Whether ports and bridges of type `system` are to be had.
    public var allowsSystem = true
    /// Whether the kernel's routes are followed.
    public var followsSystemRoutes = true

    /// What `ovs-vswitchd` without arguments would do.
    public init(program: String, directories: ControlDirectories) {
        self.program = program
        self.directories = directories
        database = "unix:\(directories.run)/db.sock"
    }

    /// Where the policy is kept: beside the database where that is the system's, else in the run
    /// directory, which then is what tells this daemon from others.
    public var policyFile: String {
        let isSystem = directories.run == ControlDirectories(environment: [:]).run
        return (isSystem ? directories.database : directories.run) + "/vedette-policy.json"
    }

    /// The TLS files of the command line, where key, certificate and CA are given.
    public var tls: TLSFiles? {
        guard let privateKey, let certificate, let caCertificate else { return nil }
        return TLSFiles(
            privateKey: privateKey, certificate: certificate, caCertificate: caCertificate,
            peerCACertificate: peerCACertificate, bootstrapsCA: bootstrapsCA, ciphers: sslCiphers,
            protocols: sslProtocols)
    }

    /// The text of `--help`.
    public var help: String {
        """
        \(program): virtual switch daemon, in place of Open vSwitch's
        usage: \(program) [OPTIONS] [DATABASE]
        DATABASE is a socket that ovsdb-server listens on
              (default: "unix:\(directories.run)/db.sock"):
          unix:FILE               UNIX domain socket FILE
          tcp:HOST:PORT           TCP PORT at HOST
          ssl:HOST:PORT           TLS on TCP PORT at HOST

        TLS options (all three are needed to use ssl: and pssl:):
          -p, --private-key=FILE  private key
          -c, --certificate=FILE  certificate for the private key
          -C, --ca-cert=FILE      certificate of the peers' CA
          --bootstrap-ca-cert=FILE  the same, learnt from the first peer if FILE is missing
          --peer-ca-cert=FILE     CA certificate to send to peers
          --ssl-protocols=LIST    protocol versions (TLSv1.2, TLSv1.3)
          --ssl-ciphers=LIST      ciphers for TLS 1.2

        Daemon options:
          --detach                run in the background
          --monitor               restart the daemon if it crashes
          --user=USER[:GROUP]     run as another user
          --no-chdir              with --detach, stay in the working directory
          --pidfile[=FILE]        make a pidfile (default: \(directories.run)/\(program).pid)
          --overwrite-pidfile     with --pidfile, start even if one is in use

        Logging options:
          -v, --verbose[=SPEC]    set log levels (default: everything)
          --log-file[=FILE]       log to FILE (default: \(directories.log)/\(program).log)
          --syslog-method=(libc|unix:FILE|udp:IP:PORT|null)
                                  how to reach the syslog daemon
          --syslog-target=HOST:PORT  also send messages there by UDP

        Other options:
          --unixctl=SOCKET        control socket, or "none"
          --mlockall              keep all memory in RAM
          --enable-dummy[=system|override]  allow dummy devices, for tests
          --disable-system        no ports of type system
          --disable-system-route  ignore the kernel's routes
          -h, --help              this text
          -V, --version           version information

        DPDK is configured through the database, not here.

        """
    }
}
