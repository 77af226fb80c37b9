// The files that TLS is configured with, as in the SSL table of the database and in the daemon's
// options, and the contexts made from them. The peer is always verified against the CA; its host
// name is not, as in OVS, since switches and controllers are known by their PKI and not by DNS.

import Glibc
import NIOSSL

/// Where the private key, the certificate and the CA's certificate lie.
///
/// **Source** ovs-vswitchd(8), "Public Key Infrastructure Options"; ovs-vswitchd.conf.db(5), SSL.
public struct TLSFiles: Equatable, Sendable {
    public var privateKey: String
    public var certificate: String
    public var caCertificate: String
    /// A certificate of the peer's CA to send along as part of our own chain (`--peer-ca-cert`).
    public var peerCACertificate: String?
    /// Where `caCertificate` does not exist: take the self-signed CA of the first peer we dial, and
    /// trust it from then on (`--bootstrap-ca-cert`, `SSL:bootstrap_ca_cert`).
    public var bootstrapsCA: Bool
    /// OpenSSL's cipher list (`--ssl-ciphers`); applies to TLS 1.2.
    public var ciphers: String?
    /// The protocol versions asked for (`--ssl-protocols`); those before TLS 1.2 are never used.
    public var protocols: String?

    public init(
        privateKey: String, certificate: String, caCertificate: String,
        peerCACertificate: String? = nil, bootstrapsCA: Bool = false, ciphers: String? = nil,
        protocols: String? = nil
    ) {
        self.privateKey = privateKey
        self.certificate = certificate
        self.caCertificate = caCertificate
        self.peerCACertificate = peerCACertificate
        self.bootstrapsCA = bootstrapsCA
        self.ciphers = ciphers
        self.protocols = protocols
    }

    /// Whether the CA has yet to be learnt from a peer.
    var mustBootstrap: Bool {
        bootstrapsCA && access(caCertificate, F_OK) != 0
    }

    /// The context to dial with.
    func clientContext() throws(StreamError) -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        try fill(&configuration, verify: true)
        return try makeContext(configuration)
    }

    /// The context to be dialled with.
    func serverContext() throws(StreamError) -> NIOSSLContext {
        // Who listens cannot learn a CA: it would trust the first stranger.
        let chain = try identity()
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.certificates, privateKey: .privateKey(chain.key))
        try fill(&configuration, verify: true)
        return try makeContext(configuration)
    }

    /// The context to dial with once, to see the CA: everything passes.
    func bootstrapContext() throws(StreamError) -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        try fill(&configuration, verify: false)
        return try makeContext(configuration)
    }

    private func fill(
        _ configuration: inout TLSConfiguration, verify: Bool
    ) throws(StreamError) {
        let chain = try identity()
        configuration.certificateChain = chain.certificates
        configuration.privateKey = .privateKey(chain.key)
        if verify {
            configuration.trustRoots = .certificates(
                try load(caCertificate, "CA certificate"))
            configuration.certificateVerification = .noHostnameVerification
        } else {
            configuration.certificateVerification = .none
        }
        configuration.minimumTLSVersion = .tlsv12
        if let ciphers { configuration.cipherSuites = ciphers }
        if let protocols { try apply(protocols: protocols, to: &configuration) }
        configuration.renegotiationSupport = .none
    }

    private func apply(
        protocols: String, to configuration: inout TLSConfiguration
    ) throws(StreamError) {
        let wanted = protocols.split { " ,\t".contains($0) }.map(String.init)
        var versions: [TLSVersion] = []
        for name in wanted {
            switch name {
            case "TLSv1", "TLSv1.1": break
            case "TLSv1.2": versions.append(.tlsv12)
            case "TLSv1.3": versions.append(.tlsv13)
            default:
                throw StreamError(
                    code: ENOPROTOOPT, message: "\(name): SSL protocol not recognized")
            }
        }
        guard !versions.isEmpty else {
            throw StreamError(
                code: ENOPROTOOPT,
                message: "SSL protocols \"\(protocols)\": TLSv1.2 or later is required")
        }
        configuration.minimumTLSVersion = versions.contains(.tlsv12) ? .tlsv12 : .tlsv13
        configuration.maximumTLSVersion = versions.contains(.tlsv13) ? .tlsv13 : .tlsv12
    }

    private func identity() throws(StreamError) -> (
        certificates: [NIOSSLCertificateSource], key: NIOSSLPrivateKey
    ) {
        guard !privateKey.isEmpty else {
            throw StreamError(
                code: ENOPROTOOPT, message: "Private key must be configured to use SSL")
        }
        guard !certificate.isEmpty else {
            throw StreamError(
                code: ENOPROTOOPT, message: "Certificate must be configured to use SSL")
        }
        guard !caCertificate.isEmpty else {
            throw StreamError(
                code: ENOPROTOOPT, message: "CA certificate must be configured to use SSL")
        }
        var chain = try load(certificate, "certificate")
        if let peerCACertificate { chain += try load(peerCACertificate, "peer CA certificate") }
        do {
            let key = try NIOSSLPrivateKey(file: privateKey, format: .pem)
            return (chain.map { .certificate($0) }, key)
        } catch {
            throw StreamError(
                code: ENOPROTOOPT, message: "failed to read private key \(privateKey): \(error)")
        }
    }

    private func load(_ path: String, _ what: String) throws(StreamError) -> [NIOSSLCertificate] {
        do {
            let found = try NIOSSLCertificate.fromPEMFile(path)
            guard !found.isEmpty else {
                throw StreamError(code: ENOPROTOOPT, message: "no certificate in \(path)")
            }
            return found
        } catch {
            throw StreamError(
                code: ENOPROTOOPT, message: "failed to read \(what) \(path): \(error)")
        }
    }

    private func makeContext(
        _ configuration: TLSConfiguration
    ) throws(StreamError) -> NIOSSLContext {
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw StreamError(code: ENOPROTOOPT, message: "cannot configure SSL: \(error)")
        }
    }
}
