// How a transaction ended (RFC 7047 section 4.1.3). The server answers one result an operation, an
// error in place of the one that failed, nulls for those not tried, and one more error if the
// commit failed.

/// What became of a transaction.
public enum TransactionOutcome: Hashable, Sendable {
    /// One operation's result.
    public struct Result: Hashable, Sendable {
        /// Rows that an update, mutation or deletion touched.
        public var count: Int64?
        /// The row that an insertion made.
        public var uuid: RowUUID?
        /// The rows that a selection found, as sent.
        public var rows: [JSONValue]
    }

    /// The server's words for a failure.
    public struct Failure: Error, Hashable, Sendable {
        /// RFC 7047's short name, such as "constraint violation".
        public var error: String
        public var details: String
        /// The failed operation's place among those submitted; nil when the commit or request
        /// failed.
        public var operation: Int?
    }

    /// All of it took effect; one result for each submitted operation.
    case committed([Result])
    /// Nothing took effect.
    case failed(Failure)
    /// Nothing took effect, because the lock wasn't ours.
    case notOwner
    /// The connection ended first; it may or may not have taken effect.
    case connectionLost

    public var isCommitted: Bool {
        if case .committed = self { true } else { false }
    }

    /// Reads the result of a reply to `count` operations, of which the `leading` first aren't the
    /// caller's.
    init(results json: JSONValue, leading: Int, count: Int) throws(OVSDBError) {
        guard let elements = json.arrayValue, elements.count >= count else {
            throw .badMessage("transaction reply")
        }
        var results: [Result] = []
        for (index, element) in elements.enumerated() {
            if element["error"] != nil {
                let own = index < count ? index - leading : nil
                self = .failure(element, operation: own)
                return
            }
            guard index >= leading else { continue }
            let rows = element["rows"]?.arrayValue ?? []
            let uuid = element["uuid"]?[1]?.stringValue.flatMap { RowUUID($0) }
            results.append(
                Result(count: element["count"]?.integerValue, uuid: uuid, rows: rows))
        }
        self = .committed(results)
    }

    /// Reads an `<error>` object, or the bare text that some servers send.
    static func failure(_ json: JSONValue, operation: Int?) -> TransactionOutcome {
        let name = json["error"]?.stringValue ?? json.stringValue ?? json.serialisedText()
        if name == "not owner" { return .notOwner }
        let place = operation.flatMap { $0 >= 0 ? $0 : nil }
        return .failed(
            Failure(
                error: name, details: json["details"]?.stringValue ?? "", operation: place))
    }
}

extension TransactionOutcome.Failure: CustomStringConvertible {
    public var description: String { details.isEmpty ? error : "\(error): \(details)" }
}
