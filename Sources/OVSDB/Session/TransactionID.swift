// The name by which a transaction's outcome is matched to its caller. Never reused within a
// session, also across reconnections.

/// One submitted transaction.
public struct TransactionID: Hashable, Sendable {
    public let value: Int64
}
