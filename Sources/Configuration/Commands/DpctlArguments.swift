// The arguments of dpctl commands: options first, as getopt takes them, then perhaps a datapath.

/// Parsed arguments of one dpctl command.
struct DpctlArguments {
    var showsStatistics = false
    var isVerbose = false
    var showsNames: Bool?
    /// What is left, the datapath's name included.
    var rest: [String]

    /// - Throws: an unknown option.
    init(_ arguments: [String]) throws(CommandFailure) {
        rest = arguments
        while let argument = rest.first, argument.hasPrefix("-"), argument != "-" {
            switch argument {
            case "--statistics": showsStatistics = true
            case "--clear", "--may-create": break
            case "--more": isVerbose = true
            case "--names": showsNames = true
            case "--no-names": showsNames = false
            case _ where argument.hasPrefix("--"):
                throw CommandFailure("Unrecognized option \(argument)")
            default:
                for letter in argument.dropFirst() {
                    switch letter {
                    case "m": isVerbose = true
                    case "s": showsStatistics = true
                    default: throw CommandFailure("Unrecognized option -\(letter)")
                    }
                }
            }
            rest.removeFirst()
        }
    }
}

extension VirtualSwitch {
    /// Takes the datapath's name off the front of `arguments.rest`, or does without where there
    /// can be no doubt. All datapaths are the same one, so only that there is one matters.
    ///
    /// - Parameter most: how many arguments there are at most with a datapath's name.
    func takeDatapath(
        _ arguments: inout DpctlArguments, most: Int
    ) throws(CommandFailure) {
        if let first = arguments.rest.first, type(ofDatapath: first) != nil {
            guard !bridges.isEmpty else { throw Self.noDatapath("opening datapath", 19) }
            arguments.rest.removeFirst()
            return
        }
        guard arguments.rest.count < most else { throw Self.noDatapath("datapath not found", 22) }
        if bridges.isEmpty {
            throw CommandFailure(
                "ovs-vswitchd: no datapaths exist\n"
                    + "ovs-vswitchd: datapath not found (Invalid argument)\n")
        }
    }

    private static func noDatapath(_ text: String, _ number: Int) -> CommandFailure {
        let reason = number == 22 ? "Invalid argument" : "No such device"
        return CommandFailure("ovs-vswitchd: \(text) (\(reason))\n")
    }

    /// An error as dpctl words it.
    static func dpctlError(_ text: String, reason: String = "Invalid argument") -> CommandFailure {
        CommandFailure("ovs-vswitchd: \(text) (\(reason))\n")
    }

    /// A command of dpctl whose options are parsed and whose datapath is taken off.
    func dpctl(
        _ name: String, _ usage: String, _ counts: ClosedRange<Int>, most: Int,
        _ run: @escaping (DpctlArguments) throws(CommandFailure) -> String
    ) -> CommandDefinition {
        CommandDefinition("dpctl/" + name, usage, counts) {
            [unowned self] words throws(CommandFailure) in
            var arguments = try DpctlArguments(words)
            try takeDatapath(&arguments, most: most)
            return try run(arguments)
        }
    }
}
