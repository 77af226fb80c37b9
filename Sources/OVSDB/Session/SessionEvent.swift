// What a database session tells its owner. Events come in the order in which the server's messages
// did.

/// Something that happened on a database session.
public enum SessionEvent: Hashable, Sendable {
    /// The replica now equals the database; the rows that differ from the replica before.
    case synchronised(ReplicaChanges)
    /// An update was applied.
    case changed(ReplicaChanges)
    /// The replica no longer follows the database (which was removed, or is being converted). The
    /// session goes on by itself when the database is back.
    case desynchronised
    /// This client now owns the lock.
    case lockAcquired
    /// Another client owns the lock; this one is in the queue.
    case lockContended
    /// Another client took the lock from us.
    case lockLost
    /// A transaction ended.
    case completed(TransactionID, TransactionOutcome)
    /// The owner must close the connection, call `disconnected()`, and may connect again.
    case mustClose(SessionFailure)
}
