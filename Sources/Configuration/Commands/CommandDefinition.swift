// A command of ovs-appctl as the control room defines it; the daemon puts it on the control socket.

/// Why a command failed, for the client's standard error.
public struct CommandFailure: Error, Hashable, Sendable {
    public let text: String
    public init(_ text: String) { self.text = text }
}

/// One command.
public struct CommandDefinition {
    public let name: String
    public let usage: String?
    /// How many arguments it takes.
    public let arguments: ClosedRange<Int>
    /// Carries it out and returns what the client prints.
    public let run: (_ arguments: [String]) throws(CommandFailure) -> String

    public init(
        _ name: String, _ usage: String?, _ arguments: ClosedRange<Int>,
        _ run: @escaping ([String]) throws(CommandFailure) -> String
    ) {
        self.name = name
        self.usage = usage
        self.arguments = arguments
        self.run = run
    }
}
