// TLS on loopback, with a PKI made by openssl for the occasion.

import Foundation
import Testing

@testable import ControlTransport

/// A directory of keys and certificates: CA `ca`, `a` and `b` signed by it, and stranger `x` signed
/// by CA `other`.
struct PKI: Sendable {
    let directory: String

    init(in directory: String) throws {
        self.directory = directory
        for ca in ["ca", "other"] {
            try openssl(
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", path("\(ca).key"), "-out", path("\(ca).pem"), "-subj", "/CN=\(ca)",
                "-days", "2")
        }
        for (name, ca) in [("a", "ca"), ("b", "ca"), ("x", "other")] {
            try openssl(
                "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                path("\(name).key"), "-out", path("\(name).csr"), "-subj", "/CN=\(name)")
            try openssl(
                "x509", "-req", "-in", path("\(name).csr"), "-CA", path("\(ca).pem"), "-CAkey",
                path("\(ca).key"), "-CAcreateserial", "-out", path("\(name).pem"), "-days", "2")
        }
    }

    func path(_ name: String) -> String { "\(directory)/\(name)" }

    func files(_ name: String, ca: String = "ca.pem", bootstraps: Bool = false) -> TLSFiles {
        TLSFiles(
            privateKey: path("\(name).key"), certificate: path("\(name).pem"),
            caCertificate: path(ca), bootstrapsCA: bootstraps)
    }

    private func openssl(_ arguments: String...) throws {
        let outcome = try run("/usr/bin/openssl", arguments)
        try #require(outcome.status == 0, "\(outcome.errors)")
    }
}

@Suite struct TLSTests {
    private let fixture = LoopFixture()

    /// Dials once with `client` a listener with `server` that echoes; returns what came back.
    private func exchange(
        server: TLSFiles, client: TLSFiles
    ) throws -> Result<String, StreamError> {
        let fixture = fixture
        let result = Held<Result<String, StreamError>?>(nil)
        let listener = Held<StreamListener?>(nil)
        try fixture.on {
            let made = try StreamListener.listen(
                on: ListenEndpoint("pssl:0:127.0.0.1", defaultPort: nil, runDirectory: "/"),
                loop: fixture.loop, options: StreamOptions(tls: server)
            ) { connection in
                #expect(connection.name.hasPrefix("ssl:127.0.0.1:"))
                connection.onBytes = { [unowned connection] in connection.write($0) }
            }
            listener.value = made
            let endpoint = try StreamEndpoint(
                "ssl:127.0.0.1:\(made.port)", defaultPort: nil, runDirectory: "/")
            _ = StreamConnector.connect(
                to: endpoint, on: fixture.loop, options: StreamOptions(tls: client)
            ) { outcome in
                switch outcome {
                case .failure(let error): result.value = .failure(error)
                case .success(let connection):
                    // With TLS 1.3 a refusal of our certificate comes after we think it is done.
                    connection.onClose = { result.value = .failure($0) }
                    connection.onBytes = { [unowned connection] bytes in
                        result.value = .success(String(decoding: bytes, as: UTF8.self))
                        connection.close()
                    }
                    connection.write(Array("hello".utf8))
                }
            }
        }
        try fixture.eventually { result.value != nil }
        return try fixture.on {
            listener.value?.close()
            return result.value ?? .failure(StreamError(code: 0))
        }
    }

    @Test("both sides verified by their CA, whatever their names")
    func mutual() throws {
        let pki = try PKI(in: fixture.directory)
        let outcome = try exchange(server: pki.files("a"), client: pki.files("b"))
        #expect(outcome == .success("hello"))
    }

    @Test("a stranger is refused, as client and as server")
    func strangers() throws {
        let pki = try PKI(in: fixture.directory)
        for (server, client) in [("a", "x"), ("x", "a")] {
            let outcome = try exchange(server: pki.files(server), client: pki.files(client))
            guard case .failure = outcome else {
                Issue.record("\(server) accepted \(client)")
                continue
            }
        }
    }

    @Test("a missing CA is learnt from the first peer and then enforced")
    func bootstrap() throws {
        let pki = try PKI(in: fixture.directory)
        // The server's chain must hold its CA for a client to learn it.
        var server = pki.files("a")
        server.peerCACertificate = pki.path("ca.pem")
        let client = pki.files("b", ca: "learnt.pem", bootstraps: true)
        let first = try exchange(server: server, client: client)
        guard case .failure(let error) = first else {
            Issue.record("the bootstrapping connection was used")
            return
        }
        #expect(error.message.contains("bootstrapped CA cert"))
        #expect(
            try String(contentsOfFile: pki.path("learnt.pem"), encoding: .utf8)
                == String(contentsOfFile: pki.path("ca.pem"), encoding: .utf8))
        #expect(try exchange(server: server, client: client) == .success("hello"))
        guard case .failure = try exchange(server: pki.files("x", ca: "ca.pem"), client: client)
        else {
            Issue.record("a server of another CA was accepted")
            return
        }
    }

    @Test("a chain without its CA teaches nothing")
    func bootstrapRefused() throws {
        let pki = try PKI(in: fixture.directory)
        let client = pki.files("b", ca: "never.pem", bootstraps: true)
        guard case .failure(let error) = try exchange(server: pki.files("a"), client: client)
        else {
            Issue.record("accepted")
            return
        }
        #expect(error.message.contains("not self-signed"))
        #expect(access(pki.path("never.pem"), F_OK) != 0)
    }

    @Test("unreadable files are refused before anything is sent")
    func badFiles() throws {
        let pki = try PKI(in: fixture.directory)
        #expect(throws: StreamError.self) { try pki.files("nobody").clientContext() }
        #expect(throws: StreamError.self) { try pki.files("a", ca: "none.pem").serverContext() }
        var files = pki.files("a")
        files.protocols = "TLSv1,TLSv1.1"
        #expect(throws: StreamError.self) { try files.clientContext() }
        files.protocols = "SSLv3"
        let refusal = StreamError(
            code: ENOPROTOOPT, message: "SSLv3: SSL protocol not recognized")
        #expect(throws: refusal) { try files.clientContext() }
    }

    @Test("the installed tools of Open vSwitch speak TLS with us")
    func ovsdbClient() throws {
        let pki = try PKI(in: fixture.directory)
        let fixture = fixture
        let listener = Held<StreamListener?>(nil)
        let port = try fixture.on {
            let made = try StreamListener.listen(
                on: ListenEndpoint("pssl:0:127.0.0.1", defaultPort: nil, runDirectory: "/"),
                loop: fixture.loop, options: StreamOptions(tls: pki.files("a"))
            ) { connection in
                connection.onBytes = { [unowned connection] _ in
                    connection.write(Array(#"{"id":0,"result":["spoken"],"error":null}"#.utf8))
                }
            }
            listener.value = made
            return made.port
        }
        let outcome = try run(
            "/usr/bin/ovsdb-client",
            [
                "--timeout=10", "-p", pki.path("b.key"), "-c", pki.path("b.pem"), "-C",
                pki.path("ca.pem"), "list-dbs", "ssl:127.0.0.1:\(port)",
            ])
        #expect(outcome.output == "spoken\n", "\(outcome.errors)")
        try fixture.on { listener.value?.close() }
    }
}
