// Why a transaction wasn't even sent.
// The caller keeps its transaction and may try again later.

/// The reason a session refuses a transaction.
public enum TransactionRefusal: Error, Hashable, Sendable {
    /// There is no connection, or the replica doesn't follow the database yet.
    case notSynchronised
    /// The lock is someone else's.
    case lockNotHeld
    /// `SessionSettings.transactionsMax` are waiting for replies.
    case tooMany
}
