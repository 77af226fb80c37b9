// What a session is told when it is opened.

import OpenFlow

/// Settings of a session, from its Controller row.
public struct SessionSettings: Hashable, Sendable {
    /// `enable_async_messages`.
    public var allowsAsync = true
    /// `controller_rate_limit` and `controller_burst_limit`, packets a second; 0 for no limit.
    public var rateLimit = 0
    public var burstLimit = 0
    /// `controller_queue_size`: packet-ins that may wait in the connection.
    public var queueLimit = 100
    /// Bytes of messages that open bundles may hold.
    public var bundleBytesMax = 1 << 30
    /// Bytes of output beyond which requests wait.
    public var outputBytesMax = 64 << 20
    public init() {}
}
