// From the words of the command line to `DaemonArguments`. Pure.

extension DaemonArguments {
    private enum Option: Sendable {
        case help, version, mlockall, unixctl
        case detach, noSelfConfinement, noChdir, pidfile, overwritePidfile, monitor, user
        case verbose, logFile, syslogMethod, syslogTarget
        case privateKey, certificate, caCertificate, sslProtocols, sslCiphers
        case peerCACertificate, bootstrapCACertificate
        case enableDummy, disableSystem, disableSystemRoute, dpdk, dummyNUMA
    }

    /// In OVS's order, which ambiguous abbreviations are reported in.
    private static let descriptions: [OptionScanner<Option>.Description] = [
        .init(.help, "help", .none, "h"), .init(.version, "version", .none, "V"),
        .init(.mlockall, "mlockall", .none), .init(.unixctl, "unixctl", .required),
        .init(.detach, "detach", .none),
        .init(.noSelfConfinement, "no-self-confinement", .none),
        .init(.noChdir, "no-chdir", .none), .init(.pidfile, "pidfile", .optional),
        .init(.overwritePidfile, "overwrite-pidfile", .none), .init(.monitor, "monitor", .none),
        .init(.user, "user", .required), .init(.verbose, "verbose", .optional, "v"),
        .init(.logFile, "log-file", .optional),
        .init(.syslogMethod, "syslog-method", .required),
        .init(.syslogTarget, "syslog-target", .required),
        .init(.privateKey, "private-key", .required, "p"),
        .init(.certificate, "certificate", .required, "c"),
        .init(.caCertificate, "ca-cert", .required, "C"),
        .init(.sslProtocols, "ssl-protocols", .required),
        .init(.sslCiphers, "ssl-ciphers", .required),
        .init(.peerCACertificate, "peer-ca-cert", .required),
        .init(.bootstrapCACertificate, "bootstrap-ca-cert", .required),
        .init(.enableDummy, "enable-dummy", .optional),
        .init(.disableSystem, "disable-system", .none),
        .init(.disableSystemRoute, "disable-system-route", .none),
        .init(.dpdk, "dpdk", .optional), .init(.dummyNUMA, "dummy-numa", .required),
    ]

    /// Parses a whole command line, the program's name first. Stops at `--help` and `--version`,
    /// as OVS does.
    ///
    /// **Errors** the first fault, in the words of getopt_long or of OVS.
    public static func parse(
        _ arguments: [String], environment: [String: String]
    ) throws(DaemonArgumentsError) -> DaemonArguments {
        let path = arguments.first ?? "ovs-vswitchd"
        let program = path.split(separator: "/").last.map(String.init) ?? path
        var parsed = DaemonArguments(
            program: program, directories: ControlDirectories(environment: environment))
        var scanner = OptionScanner(Self.descriptions, words: arguments.dropFirst())
        while let (option, value) = try scanner.next() {
            try parsed.apply(option, value)
            if parsed.mode != .run { return parsed }
        }
        guard scanner.operands.count <= 1 else {
            throw DaemonArgumentsError(
                message: "at most one non-option argument accepted; use --help for usage")
        }
        if let database = scanner.operands.first { parsed.database = database }
        return parsed
    }

    private mutating func apply(
        _ option: Option, _ value: String?
    ) throws(DaemonArgumentsError) {
        switch option {
        case .help: mode = .showHelp
        case .version: mode = .showVersion
        case .mlockall: locksMemory = true
        case .unixctl: unixctl = value
        case .detach: detaches = true
        case .noSelfConfinement: confinesItself = false
        case .noChdir: changesDirectory = false
        case .pidfile:
            pidfile = absolutePath(value ?? "\(program).pid", in: directories.run)
        case .overwritePidfile: overwritesPidfile = true
        case .monitor: isMonitored = true
        case .user: user = value
        case .verbose: verbosity.append(value)
        case .logFile:
            logFile = value ?? "\(directories.log)/\(program).log"
            namesLogFile = value != nil
        case .syslogMethod: try applySyslogMethod(value ?? "")
        case .syslogTarget: syslogTarget = value
        case .privateKey, .certificate, .caCertificate, .sslProtocols, .sslCiphers,
            .peerCACertificate, .bootstrapCACertificate:
            applyTLS(option, value)
        case .enableDummy: try applyDummy(value ?? "")
        case .disableSystem: allowsSystem = false
        case .disableSystemRoute: followsSystemRoutes = false
        case .dpdk:
            throw DaemonArgumentsError(
                message: "Using --dpdk to configure DPDK is not supported.")
        case .dummyNUMA: dummyNUMA = value
        }
    }

    private mutating func applyTLS(_ option: Option, _ value: String?) {
        switch option {
        case .privateKey: privateKey = value
        case .certificate: certificate = value
        case .caCertificate: (caCertificate, bootstrapsCA) = (value, false)
        case .bootstrapCACertificate: (caCertificate, bootstrapsCA) = (value, true)
        case .peerCACertificate: peerCACertificate = value
        case .sslProtocols: sslProtocols = value
        case .sslCiphers: sslCiphers = value
        default: break
        }
    }

    private mutating func applySyslogMethod(_ method: String) throws(DaemonArgumentsError) {
        guard VLogSyslog.isKnown(method: method) else {
            throw DaemonArgumentsError(message: "unsupported syslog method '\(method)'")
        }
        // As in OVS, the first one counts.
        syslogMethod = syslogMethod ?? method
    }

    private mutating func applyDummy(_ level: String) throws(DaemonArgumentsError) {
        switch level {
        case "": dummy = .allowed
        case "system": dummy = .system
        case "override": dummy = .override
        default: throw DaemonArgumentsError(message: "\(level): unknown dummy level")
        }
    }
}
