// The one error of this module: text that does not parse. The message is what the tools of Open
// vSwitch say in the same case, so it can be shown to a user or sent to an `ovs-appctl` as it is.

/// Text that is not a match, action or flow.
public struct FlowTextError: Error, Hashable, Sendable, CustomStringConvertible {
    public let message: String
    public init(_ message: String) { self.message = message }
    public var description: String { message }

    /// The longest text, in bytes, that a parser of this module reads.
    public static let textBytesMax = 65536
    /// How deep actions may nest, as in Open vSwitch.
    public static let nestingMax = 100

    /// Refuses text over the limit.
    static func checkLength(_ text: String) throws(FlowTextError) {
        guard text.utf8.count <= textBytesMax else { throw FlowTextError("input too big") }
    }
}
