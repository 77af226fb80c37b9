// The one error that decoding and checking OpenFlow throws; its code goes into the error message
// sent back to the controller.

/// Why a message was refused.
public struct OpenFlowError: Error, Hashable, Sendable {
    public let code: OpenFlowErrorCode
    /// What was wrong, for the log; empty where the code says it all.
    public let detail: String

    public init(_ code: OpenFlowErrorCode, _ detail: String = "") {
        self.code = code
        self.detail = detail
    }

    public static func == (left: OpenFlowError, right: OpenFlowError) -> Bool {
        left.code == right.code
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(code) }
}

extension OpenFlowError: CustomStringConvertible {
    public var description: String {
        detail.isEmpty ? code.name : "\(code.name): \(detail)"
    }
}
