// Why the daemon does not start, for the user to read.

/// A failure that ends the process.
struct DaemonFailure: Error {
    let message: String
    init(_ message: String) { self.message = message }
}
