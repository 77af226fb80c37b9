// What the self-check found: hits that the pipeline would have dealt with otherwise.

import Flow

/// The outcome of the self-check so far.
public struct SelfCheckReport: Sendable {
    public var checks: UInt64 = 0
    public var failures: UInt64 = 0
    /// The first record that failed, and what the pipeline came to instead.
    public var firstFailure: (record: RecordInfo, judged: [DatapathOperation])?
    public init() {}
}
