// Stream names, UNIX sockets and TCP on loopback.

import Foundation
import Testing

@testable import ControlTransport

@Suite struct StreamEndpointTests {
    private func active(_ name: String, port: UInt16? = 6653) throws -> StreamEndpoint {
        try StreamEndpoint(name, defaultPort: port, runDirectory: "/run/ovs")
    }

    private func message(_ body: () throws -> some Any) -> String {
        do {
            _ = try body()
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test("active names give their parts")
    func active() throws {
        #expect(try active("unix:db.sock").kind == .unix(path: "/run/ovs/db.sock"))
        #expect(try active("unix:/x/db.sock").kind == .unix(path: "/x/db.sock"))
        guard case .tcp(let v4) = try active("tcp:127.0.0.1:1234").kind,
            case .tcp(let v6) = try active("tcp:[::1]:99").kind,
            case .tcp(let bare) = try active("tcp:fe80::1:2").kind,
            case .ssl(let named) = try active("ssl:controller.example").kind
        else {
            Issue.record("wrong kinds")
            return
        }
        #expect(v4.port == 1234 && v4.address?.ip == "127.0.0.1")
        #expect(v6.port == 99 && v6.address?.ip == "::1" && v6.address?.bracketed == "[::1]")
        #expect(bare.port == 6653 && bare.address?.ip == "fe80::1:2")
        #expect(named.port == 6653 && named.address == nil && named.host == "controller.example")
    }

    @Test("passive names give their parts")
    func passive() throws {
        func passive(_ name: String, port: UInt16? = 6653) throws -> InternetTarget? {
            switch try ListenEndpoint(name, defaultPort: port, runDirectory: "/r").kind {
            case .tcp(let target), .ssl(let target): return target
            case .unix: return nil
            }
        }
        #expect(try passive("ptcp:")?.port == 6653)
        #expect(try passive("ptcp:")?.address?.ip == "0.0.0.0")
        #expect(try passive("ptcp:0:127.0.0.1")?.address?.ip == "127.0.0.1")
        #expect(try passive("pssl:6640:[::1]")?.address?.ip == "::1")
        #expect(try passive("ptcp:::1")?.address?.ip == "::1")
        #expect(try passive("punix:x") == nil)
    }

    @Test("what OVS refuses is refused in its words")
    func refused() throws {
        #expect(message { try active("tcp::80") } == ":80: host must be specified")
        #expect(message { try active("tcp:h", port: nil) } == "h: port must be specified")
        #expect(message { try active("tcp:h:x") } == "h:x: bad port number \"x\"")
        #expect(message { try active("tcp:h:65536") } == "h:65536: bad port number \"65536\"")
        #expect(message { try active("ptcp:1") } == "Address family not supported by protocol")
        #expect(message { try active("nonsense") } == "Address family not supported by protocol")
        #expect(
            message { try ListenEndpoint("ptcp:1:name", defaultPort: nil, runDirectory: "/") }
                == "1:name: bad IP address \"name\"")
        #expect(StreamEndpoint.isActive("ssl:") && !StreamEndpoint.isActive("pssl:"))
        #expect(ListenEndpoint.isPassive("punix:x") && !ListenEndpoint.isPassive("unix:x"))
    }
}

@Suite struct StreamTests {
    private let fixture = LoopFixture()

    /// Listens on `name` and echoes; returns the active name that reaches it.
    private func echo(
        _ name: String, options: StreamOptions = StreamOptions()
    ) throws -> (Held<StreamListener?>, StreamEndpoint) {
        let listener = Held<StreamListener?>(nil)
        let fixture = fixture
        let endpoint = try fixture.on {
            let endpoint = try ListenEndpoint(
                name, defaultPort: nil, runDirectory: fixture.directory)
            let made = try StreamListener.listen(
                on: endpoint, loop: fixture.loop, options: options
            ) { connection in
                connection.onBytes = { [unowned connection] in connection.write($0) }
            }
            listener.value = made
            let method = name.prefix { $0 != ":" }.dropFirst()
            let host = name.contains("::1") ? "[::1]" : "127.0.0.1"
            let back =
                method == "unix"
                ? "unix:" + name.dropFirst(6) : "\(method):\(host):\(made.port)"
            return try StreamEndpoint(back, defaultPort: nil, runDirectory: fixture.directory)
        }
        return (listener, endpoint)
    }

    @Test(
        "a megabyte comes back unharmed",
        arguments: ["punix:echo.sock", "ptcp:0:127.0.0.1", "ptcp:0:[::1]"])
    func echoes(_ name: String) throws {
        let (listener, endpoint) = try echo(name)
        let sent = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        let received = Held<[UInt8]>([])
        let drained = Held(false)
        let connection = Held<StreamConnection?>(nil)
        let fixture = fixture
        try fixture.on {
            _ = StreamConnector.connect(to: endpoint, on: fixture.loop) { result in
                guard case .success(let made) = result else {
                    Issue.record("\(result)")
                    return
                }
                connection.value = made
                made.onBytes = { received.value += $0 }
                made.onDrained = { drained.value = true }
                made.write(Array(sent[..<10]))
                made.write(Array(sent[10...]))
                #expect(made.pendingBytes == sent.count)
            }
        }
        try fixture.eventually { received.value.count == sent.count && drained.value }
        #expect(try fixture.on { received.value } == sent)
        #expect(try fixture.on { connection.value?.pendingBytes } == 0)
        #expect(try fixture.on { listener.value?.connectionCount } == 1)
        try fixture.on {
            connection.value?.close()
            listener.value?.close()
        }
        try fixture.eventually { listener.value?.connectionCount == 0 }
    }

    @Test("dialling nobody fails with the kernel's reason")
    func refused() throws {
        let error = Held<[StreamError]>([])
        let fixture = fixture
        try fixture.on {
            for name in ["unix:nowhere", "tcp:127.0.0.1:1", "ssl:127.0.0.1:1"] {
                let endpoint = try StreamEndpoint(
                    name, defaultPort: nil, runDirectory: fixture.directory)
                _ = StreamConnector.connect(to: endpoint, on: fixture.loop) { result in
                    if case .failure(let reason) = result { error.value.append(reason) }
                }
            }
        }
        try fixture.eventually { error.value.count == 3 }
        let texts = try fixture.on { Set(error.value.map(\.message)) }
        #expect(
            texts == [
                "No such file or directory", "Connection refused",
                "Private key must be configured to use SSL",
            ])
    }

    @Test("the peer's close is reported once, as end of file")
    func peerCloses() throws {
        let (listener, endpoint) = try echo("punix:close.sock")
        let reasons = Held<[StreamError]>([])
        let fixture = fixture
        try fixture.on {
            let accepted = try StreamListener.listen(
                on: ListenEndpoint(unixPath: fixture.directory + "/closer"), loop: fixture.loop
            ) { $0.close() }
            listener.value?.close()
            listener.value = accepted
            _ = StreamConnector.connect(
                to: StreamEndpoint(unixPath: fixture.directory + "/closer"), on: fixture.loop
            ) { result in
                if case .success(let connection) = result {
                    connection.onClose = { reasons.value.append($0) }
                }
            }
        }
        try fixture.eventually { !reasons.value.isEmpty }
        #expect(try fixture.on { reasons.value.map(\.codeText) } == ["End of file"])
        _ = endpoint
    }

    @Test("a cancelled attempt says nothing; one that hangs times out")
    func timeout() throws {
        let outcomes = Held<[StreamError]>([])
        let fixture = fixture
        try fixture.on {
            // TEST-NET-1 (RFC 5737) goes nowhere; either way no connection comes about.
            let endpoint = try StreamEndpoint(
                "tcp:192.0.2.1:9", defaultPort: nil, runDirectory: "/")
            let options = StreamOptions(timeoutMilliseconds: 200)
            for index in 0..<2 {
                let attempt = StreamConnector.connect(
                    to: endpoint, on: fixture.loop, options: options
                ) { result in
                    if case .failure(let error) = result { outcomes.value.append(error) }
                }
                if index == 0 { attempt.cancel() }
            }
        }
        try fixture.eventually { !outcomes.value.isEmpty }
        usleep(300_000)
        #expect(try fixture.on { outcomes.value.count } == 1)
    }

    @Test("a stale socket file is replaced, a live one and an ordinary file are not")
    func staleSocket() throws {
        let path = fixture.directory + "/s"
        let fd = try UnixSocket.listen(at: path, mode: 0o600)
        var information = stat()
        #expect(stat(path, &information) == 0 && information.st_mode & 0o777 == 0o600)
        #expect(throws: StreamError.self) { try UnixSocket.listen(at: path, mode: 0o600) }
        close(fd)
        #expect(access(path, F_OK) == 0)
        close(try UnixSocket.listen(at: path, mode: 0o600))
        let file = fixture.directory + "/f"
        #expect(FileManager.default.createFile(atPath: file, contents: Data("x".utf8)))
        #expect(throws: StreamError.self) { try UnixSocket.listen(at: file, mode: 0o600) }
        #expect(FileManager.default.contents(atPath: file) == Data("x".utf8))
    }

    @Test("a path beyond the address's limit works by its directory, and fails if that is no help")
    func longPath() throws {
        let deep = fixture.directory + "/" + String(repeating: "d", count: 120)
        mkdir(deep, 0o755)
        let fd = try UnixSocket.listen(at: deep + "/sock", mode: 0o700)
        close(try UnixSocket.connect(to: deep + "/sock"))
        close(fd)
        ExitFiles.removeNow(deep + "/sock")
        #expect(throws: StreamError.self) {
            try UnixSocket.listen(
                at: fixture.directory + "/" + String(repeating: "n", count: 110), mode: 0o700)
        }
    }

    @Test("more pending than allowed ends the connection")
    func overflow() throws {
        let fixture = fixture
        let reasons = Held<[StreamError]>([])
        let listener = Held<StreamListener?>(nil)
        try fixture.on {
            let path = fixture.directory + "/deaf"
            listener.value = try StreamListener.listen(
                on: ListenEndpoint(unixPath: path), loop: fixture.loop
            ) { $0.isReading = false }
            _ = StreamConnector.connect(
                to: StreamEndpoint(unixPath: path), on: fixture.loop
            ) { result in
                guard case .success(let connection) = result else { return }
                connection.pendingBytesMax = 1 << 20
                connection.onClose = { reasons.value.append($0) }
                for _ in 0..<3 { connection.write([UInt8](repeating: 1, count: 500_000)) }
            }
        }
        try fixture.eventually { reasons.value.map(\.code) == [ENOBUFS] }
    }
}
