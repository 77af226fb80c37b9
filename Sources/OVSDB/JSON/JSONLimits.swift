// How much JSON a peer may send before it is refused. The standard limits suit a unixctl client; a
// database client raises the size, because the first reply of a monitor carries the whole database.

/// Bounds on JSON text accepted from a peer.
public struct JSONLimits: Hashable, Sendable {
    /// Arrays and objects within each other; the parser recurses once a level.
    public var depthMax: Int
    /// Bytes of one top-level value.
    public var bytesMax: Int

    public init(depthMax: Int, bytesMax: Int) {
        self.depthMax = depthMax
        self.bytesMax = bytesMax
    }

    /// 64 levels, 1 MiB.
    public static let standard = JSONLimits(depthMax: 64, bytesMax: 1 << 20)
    /// 64 levels, 256 MiB: what a database server may send.
    public static let database = JSONLimits(depthMax: 64, bytesMax: 256 << 20)
}
