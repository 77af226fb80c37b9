// Why a stream could not be opened, or ended. Values; any thread.

import Glibc

/// A stream's failure: an errno, and what OVS would log about it.
public struct StreamError: Error, Equatable, CustomStringConvertible, Sendable {
    /// The errno, or `endOfFile` where the peer closed in the ordinary way.
    public let code: Int32
    /// What went wrong, in OVS's words where it has some.
    public let message: String

    public init(code: Int32, message: String? = nil) {
        self.code = code
        self.message = message ?? Self.text(code: code)
    }

    /// The code of an ordinary end of the connection.
    public static let endOfFile: Int32 = -1

    /// What OVS calls `code` in `Controller.status:last_error` and in its log.
    public static func text(code: Int32) -> String {
        code == endOfFile ? "End of file" : SystemError.text(code)
    }

    /// What OVS calls this error's code.
    public var codeText: String { Self.text(code: code) }

    public var description: String { message }
}
