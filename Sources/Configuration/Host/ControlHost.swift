// What the control room needs of the process it lives in: a clock, timers, a log and streams. The
// daemon gives its event loop; tests give a fake one. Everything happens on the control loop.

import Dpif

/// The severities of the log.
public enum HostLogLevel: Hashable, Sendable {
    case err, warn, info, dbg
}

/// A callback that was scheduled.
public protocol HostTimer: AnyObject {
    /// Makes sure that it never comes (again).
    func cancel()
}

/// The process around the control room.
///
/// **Owner**: the control loop.
public protocol ControlHost: AnyObject {
    /// Milliseconds of a monotonic clock.
    var nowMilliseconds: Int64 { get }
    /// The version of DPDK where it is in use, such as `DPDK 22.11.3`.
    var dpdkVersion: String? { get }
    /// Where sockets are made.
    var runDirectory: String { get }

    func schedule(afterMilliseconds delay: Int64, _ body: @escaping () -> Void) -> any HostTimer
    func repeating(everyMilliseconds period: Int64, _ body: @escaping () -> Void) -> any HostTimer
    /// Executes `body` after what the loop is at now.
    func deferred(_ body: @escaping () -> Void)

    /// A message under one of OVS's module names.
    func log(_ level: HostLogLevel, _ module: String, _ text: String)

    /// A stream to `target` that is dialled again whenever it ends; it waits for `start`.
    ///
    /// **Errors**: the target can't be understood.
    func dial(_ target: String, _ settings: DialSettings) throws(HostError) -> any DialedStream
    /// Listens on a passive target such as `punix:/path` or `ptcp:6653`.
    ///
    /// **Errors**: in OVS's words.
    func listen(
        _ target: String, _ settings: DialSettings, onAccept: @escaping (any ByteStream) -> Void
    ) throws(HostError) -> any HostListener

    /// Sets the Ethernet address of an open device; nil for success, else why not.
    func setAddress(_ address: UInt64, ofDevice name: String, _ info: PortInfo) -> String?
    /// Sets the MTU of an open device; nil for success, else why not.
    func setMTU(_ mtu: UInt32, ofDevice name: String, _ info: PortInfo) -> String?

    /// The files for TLS from the database; nil for those of the command line.
    func setTLS(_ files: TLSSettings?)
}

/// Why the host could not do something, in OVS's words.
public struct HostError: Error, Hashable, Sendable {
    public let message: String
    public init(_ message: String) { self.message = message }
}

/// What a stream is for.
public struct DialSettings: Hashable, Sendable {
    /// The port where a target names none.
    public var defaultPort: UInt16
    /// The DSCP mark of what is sent; nil leaves it be.
    public var dscp: UInt8?
    public init(defaultPort: UInt16, dscp: UInt8? = nil) {
        self.defaultPort = defaultPort
        self.dscp = dscp
    }
}

/// The SSL row.
public struct TLSSettings: Hashable, Sendable {
    public var privateKey: String
    public var certificate: String
    public var caCertificate: String
    public var bootstrapsCA: Bool
    public init(
        privateKey: String, certificate: String, caCertificate: String, bootstrapsCA: Bool
    ) {
        self.privateKey = privateKey
        self.certificate = certificate
        self.caCertificate = caCertificate
        self.bootstrapsCA = bootstrapsCA
    }
}
