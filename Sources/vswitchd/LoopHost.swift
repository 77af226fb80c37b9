// The process as the control room sees it: the control loop's clock and timers, its streams, the
// log and what is done to kernel devices. The control loop owns it.

import Configuration
import ControlTransport
import Dpif
import Glibc

/// The daemon's `ControlHost`.
final class LoopHost: ControlHost {
    let loop: ControlLoop
    let directories: ControlDirectories
    /// Set when DPDK has been started.
    var dpdkVersion: String?
    /// TLS files of the command line, for where the database names none.
    private let commandLineTLS: TLSFiles?
    private var tls: TLSFiles?
    private var modules: [String: VLogModule] = [:]

    init(loop: ControlLoop, arguments: DaemonArguments) {
        self.loop = loop
        directories = arguments.directories
        commandLineTLS = arguments.tls
        tls = arguments.tls
    }

    var nowMilliseconds: Int64 { loop.nowMilliseconds }
    var runDirectory: String { directories.run }

    func schedule(
        afterMilliseconds delay: Int64, _ body: @escaping () -> Void
    ) -> any HostTimer {
        loop.schedule(afterMilliseconds: delay, body)
    }

    func repeating(
        everyMilliseconds period: Int64, _ body: @escaping () -> Void
    ) -> any HostTimer {
        loop.repeating(everyMilliseconds: period, body)
    }

    func deferred(_ body: @escaping () -> Void) { loop.deferred(body) }

    func log(_ level: HostLogLevel, _ module: String, _ text: String) {
        let target = modules[module] ?? VLog.module(module)
        modules[module] = target
        switch level {
        case .err: target.err(text)
        case .warn: target.warn(text)
        case .info: target.info(text)
        case .dbg: target.dbg(text)
        }
    }

    // MARK: Streams

    func dial(_ target: String, _ settings: DialSettings) throws(HostError) -> any DialedStream {
        do throws(StreamError) {
            let endpoint = try StreamEndpoint(
                target, defaultPort: settings.defaultPort, runDirectory: runDirectory)
            return ReconnectingStream(
                name: target, endpoints: [endpoint], loop: loop,
                options: StreamOptions(tls: tls, dscp: settings.dscp),
                log: VLog.module("rconn"))
        } catch {
            throw HostError(error.message)
        }
    }

    func listen(
        _ target: String, _ settings: DialSettings, onAccept: @escaping (any ByteStream) -> Void
    ) throws(HostError) -> any HostListener {
        do throws(StreamError) {
            let endpoint = try ListenEndpoint(
                target, defaultPort: settings.defaultPort, runDirectory: runDirectory)
            return try StreamListener.listen(
                on: endpoint, loop: loop,
                options: StreamOptions(tls: tls, dscp: settings.dscp)
            ) { onAccept($0) }
        } catch {
            throw HostError(error.message)
        }
    }

    func setTLS(_ files: TLSSettings?) {
        guard let files else {
            tls = commandLineTLS
            return
        }
        tls = TLSFiles(
            privateKey: files.privateKey, certificate: files.certificate,
            caCertificate: files.caCertificate, bootstrapsCA: files.bootstrapsCA)
    }

    // MARK: Devices

    func setAddress(
        _ address: UInt64, ofDevice name: String, _ info: PortInfo
    ) -> String? {
        guard isKernelDevice(info) else { return nil }
        var bytes: [UInt8] = [1, 0]  // ARPHRD_ETHER
        for shift in stride(from: 40, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: address >> UInt64(shift)))
        }
        return DeviceRequest.perform(0x8924, name, bytes)
    }

    func setMTU(_ mtu: UInt32, ofDevice name: String, _ info: PortInfo) -> String? {
        guard isKernelDevice(info) else { return nil }
        let bytes = withUnsafeBytes(of: mtu) { Array($0) }
        return DeviceRequest.perform(0x8922, name, bytes)
    }

    private func isKernelDevice(_ info: PortInfo) -> Bool {
        switch info.type {
        case .system, .internalPort, .tap: true
        case .dummy, .dpdk, .vhostUser, .vhostUserClient: false
        }
    }
}

/// Changes of a kernel device by ioctl.
private enum DeviceRequest {
    /// Nil for success, else the system's words.
    static func perform(_ number: UInt, _ name: String, _ value: [UInt8]) -> String? {
        let fd = socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard fd >= 0 else { return String(cString: strerror(errno)) }
        defer { close(fd) }
        // struct ifreq: sixteen bytes of name, then the value.
        var request = [UInt8](repeating: 0, count: 40)
        let bytes = Array(name.utf8.prefix(15))
        request.replaceSubrange(0..<bytes.count, with: bytes)
        request.replaceSubrange(16..<16 + value.count, with: value)
        let status = request.withUnsafeMutableBytes { buffer -> Int32 in
            guard let base = buffer.baseAddress else { return -1 }
            return ioctl(fd, number, base)
        }
        return status == 0 ? nil : String(cString: strerror(errno))
    }
}
