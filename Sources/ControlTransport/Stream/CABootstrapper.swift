// Learns the CA's certificate from the first peer dialled (`bootstrap_ca_cert`): the last
// certificate of the peer's chain, which must be self-signed, is stored, and the connection is
// ended, to be dialled again under full verification. Open to a man in the middle that one time, as
// the manual says. Everything on the control loop.

import Glibc
import NIOCore
import NIOSSL

/// **Owner** the control loop.
/// **Source** ovs-vswitchd.conf.db(5), SSL `bootstrap_ca_cert`.
final class CABootstrapper {
    private let path: String
    private let chain: NIOLoopBoundBox<[NIOSSLCertificate]>

    init(path: String, loop: ControlLoop) {
        self.path = path
        chain = NIOLoopBoundBox([], eventLoop: loop.eventLoop)
    }

    /// Remembers the chain and lets the handshake pass.
    var callback: NIOSSLCustomVerificationCallback {
        let chain = chain
        return { certificates, promise in
            chain.value = certificates
            promise.succeed(.certificateVerified)
        }
    }

    /// Stores the CA; returns the error to end this connection with.
    func learn() -> StreamError {
        guard let last = chain.value.last else {
            return refusal("no certificate presented by peer")
        }
        guard let der = try? last.toDERBytes(), DERCertificate.isSelfSigned(der) else {
            return refusal(
                "obtained certificate is not self-signed"
                    + (chain.value.count == 1 ? " (only one certificate was received, so probably "
                        + "the peer is not configured to send its CA certificate)" : ""))
        }
        let text = "-----BEGIN CERTIFICATE-----\n" + Self.base64(der)
            + "-----END CERTIFICATE-----\n"
        let fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o444)
        guard fd >= 0 else {
            guard errno == EEXIST else {
                return refusal("creating \(path) failed: \(SystemError.text(errno))")
            }
            return StreamError(code: EPROTO, message: "retrying with \(path)")
        }
        VLog.writeFully(Array(text.utf8), to: fd)
        close(fd)
        return StreamError(
            code: EPROTO, message: "bootstrapped CA cert to \(path), retrying with it")
    }

    private func refusal(_ why: String) -> StreamError {
        StreamError(code: EPROTO, message: "could not bootstrap CA cert: \(why)")
    }

    /// Base64 in lines of 64 characters, each with its newline (RFC 7468).
    static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var out: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var word = 0
            for index in 0..<3 {
                word = word << 8 | Int(index < group.count ? group[start + index] : 0)
            }
            for index in 0..<4 {
                out.append(
                    index <= group.count ? alphabet[word >> (18 - 6 * index) & 63] : 61)
            }
        }
        var text = ""
        for start in stride(from: 0, to: out.count, by: 64) {
            text += String(decoding: out[start..<min(start + 64, out.count)], as: UTF8.self) + "\n"
        }
        return text
    }
}

/// The little of X.509 needed to tell a self-signed certificate: whether issuer and subject are
/// equal. The signature itself is checked by TLS when the certificate is used.
enum DERCertificate {
    static func isSelfSigned(_ der: [UInt8]) -> Bool {
        guard let certificate = element(der[...])?.content,
            let body = element(certificate)?.content
        else { return false }
        var rest = body
        // version (optional, context tag 0), serialNumber, signature, issuer, validity, subject
        if rest.first == 0xa0, let version = element(rest) { rest = version.rest }
        var fields: [ArraySlice<UInt8>] = []
        for _ in 0..<5 {
            guard let next = element(rest) else { return false }
            fields.append(next.content)
            rest = next.rest
        }
        return fields[2].elementsEqual(fields[4])
    }

    /// The first element of `bytes` and what follows it.
    private static func element(
        _ bytes: ArraySlice<UInt8>
    ) -> (content: ArraySlice<UInt8>, rest: ArraySlice<UInt8>)? {
        guard bytes.count >= 2 else { return nil }
        var index = bytes.startIndex + 1
        var length = Int(bytes[index])
        index += 1
        if length >= 0x80 {
            let count = length & 0x7f
            guard count >= 1, count <= 4, bytes.endIndex - index >= count else { return nil }
            length = 0
            for _ in 0..<count {
                length = length << 8 | Int(bytes[index])
                index += 1
            }
        }
        guard length <= bytes.endIndex - index else { return nil }
        return (bytes[index..<index + length], bytes[(index + length)...])
    }
}
