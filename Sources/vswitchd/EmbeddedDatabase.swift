// The embedded default: where no database answers, a real ovsdb-server with a fresh database runs
// as a child in the run directory, and ends with the daemon however that ends.

import ControlTransport
import Glibc

/// A database server of the daemon's own.
struct EmbeddedDatabase {
    private let child: ChildProcess
    private let pidfile: String
    private let socket: String

    /// How long the server may take to listen.
    private static let startMillisecondsMax = 10_000

    /// Starts a server unless one answers already. The main thread, which the child is bound to.
    ///
    /// **Errors**: a program or the schema is missing, or the server does not come up.
    static func start(
        _ directories: ControlDirectories, outputFile: String?
    ) throws(DaemonFailure) -> EmbeddedDatabase? {
        let socket = directories.run + "/db.sock"
        guard !answers(socket) else { return nil }
        let server = try find("ovsdb-server")
        let tool = try find("ovsdb-tool")
        let setpriv = try find("setpriv")
        let schema = directories.data + "/vswitch.ovsschema"
        guard access(schema, R_OK) == 0 else {
            throw DaemonFailure("\(schema): the database's schema is missing")
        }
        let file = directories.run + "/conf.db"
        let pidfile = directories.run + "/ovsdb-server.pid"
        let lock = directories.run + "/.conf.db.~lock~"
        for path in [file, lock, socket, pidfile] { unlink(path) }
        do throws(StreamError) {
            let making = try ChildProcess.start(tool, ["create", file, schema])
            guard making.wait().exitStatus == 0 else {
                throw StreamError(code: EIO, message: "\(file): cannot create the database")
            }
            // The signal comes when the thread that starts the child ends: the main one.
            let child = try ChildProcess.start(
                setpriv,
                [
                    "--pdeathsig", "TERM", "--", server, file, "--remote=punix:\(socket)",
                    "--pidfile=\(pidfile)", "--unixctl=\(directories.run)/ovsdb-server.ctl",
                    "-vconsole:off", "--log-file=\(directories.run)/ovsdb-server.log",
                ], outputFile: outputFile)
            let database = EmbeddedDatabase(child: child, pidfile: pidfile, socket: socket)
            try database.waitUntilListening()
            return database
        } catch {
            throw DaemonFailure(error.message)
        }
    }

    /// Ends the server and waits for it.
    func stop() {
        child.send(SIGTERM)
        // A child that was once seen to have ended is gone: it can't be asked again.
        var hasEnded = false
        for _ in 0..<200 {
            hasEnded = child.poll() != nil
            if hasEnded { break }
            usleep(10_000)
        }
        if !hasEnded { child.send(SIGKILL) }
        for path in [pidfile, socket] { unlink(path) }
    }

    private func waitUntilListening() throws(StreamError) {
        for _ in 0..<Self.startMillisecondsMax / 10 {
            if Self.answers(socket) { return }
            if let ending = child.poll() {
                throw StreamError(code: EIO, message: "ovsdb-server ended (\(ending))")
            }
            usleep(10_000)
        }
        child.send(SIGTERM)
        throw StreamError(code: ETIMEDOUT, message: "ovsdb-server does not answer")
    }

    /// Whether somebody listens on the UNIX socket at `path`.
    private static func answers(_ path: String) -> Bool {
        let fd = Glibc.socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard fd >= 0 else { return false }
        defer { close(fd) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        // SAFETY: sockaddr_un begins as sockaddr does; the length is its own.
        return withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(fd, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }

    private static func find(_ program: String) throws(DaemonFailure) -> String {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        let places = path.split(separator: ":").map(String.init)
            + ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"]
        for place in places {
            let file = "\(place)/\(program)"
            if access(file, X_OK) == 0 { return file }
        }
        throw DaemonFailure("\(program): not found; the package openvswitch-switch has it")
    }
}
