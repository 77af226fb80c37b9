// Why a kernel port could not be made or changed. Control thread only.

/// An operating error of this module.
public enum KernelPortError: Error, Equatable, Sendable {
    /// A system call failed; `number` is its errno.
    case system(call: StaticText, number: Int32)
    /// The device's name is empty, too long, or holds a slash or a space.
    case badName
    /// No such device now.
    case noDevice
    /// The kernel's answer could not be understood.
    case badReply
    /// The packet pool is empty.
    case noMemory

    /// A literal that can be compared.
    public struct StaticText: Equatable, Sendable, ExpressibleByStringLiteral {
        public let text: StaticString
        public init(stringLiteral value: StaticString) { text = value }
        public static func == (a: StaticText, b: StaticText) -> Bool {
            a.text.description == b.text.description
        }
    }
}

extension KernelPortError: CustomStringConvertible {
    /// What an operator reads in `Interface.error`.
    public var description: String {
        switch self {
        case .system(let call, let number): "\(call.text): \(KernelPortError.text(of: number))"
        case .badName: "invalid device name"
        case .noDevice: "No such device"
        case .badReply: "unexpected answer from the kernel"
        case .noMemory: "out of packet buffers"
        }
    }
}
