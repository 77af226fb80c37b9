// The answer to one unixctl command, which may be given at once or later. On the control loop.

/// Where a command's handler puts its answer: exactly once, now or later.
///
/// **Owner** the control loop. One that is dropped unanswered answers with an error, so that the
/// client does not wait for ever.
public final class UnixctlReply {
    /// What the client gets.
    public enum Outcome: Equatable, Sendable {
        case success(String)
        case failure(String)
    }

    private var onOutcome: ((Outcome) -> Void)?

    /// Makes a reply that hands its outcome to `onOutcome`; for tests and for commands that call
    /// commands.
    public init(onOutcome: @escaping (Outcome) -> Void) {
        self.onOutcome = onOutcome
    }

    deinit { give(.failure("command ended without a reply")) }

    /// The command succeeded; `text` goes to the client's standard output.
    public func success(_ text: String = "") { give(.success(text)) }

    /// The command failed; `text` goes to the client's standard error.
    public func error(_ text: String) { give(.failure(text)) }

    private func give(_ outcome: Outcome) {
        guard let onOutcome else { return }
        self.onOutcome = nil
        onOutcome(outcome)
    }
}
