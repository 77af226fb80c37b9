// The log: the grammar of levels, the format of lines, the listings and rate limits.

import Foundation
import RegexBuilder
import Testing

@testable import ControlTransport

@Suite struct VLogTests {
    private let fixture = LoopFixture()
    private let log = VLog(program: "probe")

    init() {
        log.register(modules: ["bridge", "vswitchd"])
        log.setLevel(.off, destination: .console)
        log.setLevel(.off, destination: .syslog)
    }

    private func refusal(_ spec: String) -> String {
        do {
            try log.apply(spec: spec)
            return "accepted"
        } catch {
            return error.message
        }
    }

    private func lines(_ path: String) throws -> [String] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    @Test("a line in the file looks as OVS writes it")
    func lineFormat() throws {
        let path = fixture.directory + "/a.log"
        try log.setFile(path)
        log.module("vswitchd").warn("all is\nwell\n\n")
        log.module("vswitchd").dbg("not this")
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let stamp = #/20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ\|\d{5}\|/#
        let shape = Regex {
            stamp
            "vlog|INFO|opened log file \(path)\n"
            stamp
            "vswitchd|WARN|all is\nwell\n"
        }
        #expect(text.wholeMatch(of: shape) != nil, "\(text)")
    }

    @Test("patterns: widths, padding, literal percent, unknown escapes")
    func patterns() {
        let record = VLogRecord(
            program: "p", module: "m", level: .err, message: "text", sequence: 42, thread: "t1",
            wallMilliseconds: 1_700_000_000_123, uptimeMilliseconds: 5, facility: 128)
        let cases = [
            "%05N|%5N|%-5N|": "00042|   42|42   |", "%c%T %t": "m(t1) t1", "100%%": "100%",
            "%D{%Y %H:%M:%S.###}": "2023 22:13:20.123", "%D": "2023-11-14 22:13:20.123",
            "<%B>%A %p %r": "<131>p ERR 5", "%": "", "%5": "", "%D{%Y": "2023", "%z": "z",
        ]
        for (pattern, expected) in cases {
            #expect(VLogPattern.expand(pattern, record) == expected, "\(pattern)")
        }
    }

    @Test("levels by module, destination and level in any order and case")
    func levels() throws {
        let bridge = log.module("bridge")
        let vswitchd = log.module("vswitchd")
        try log.apply(spec: "bridge:file:dbg")
        #expect(bridge.level(of: .file) == .dbg && vswitchd.level(of: .file) == .info)
        try log.apply(spec: "WARN syslog")
        #expect(bridge.level(of: .syslog) == .warn && vswitchd.level(of: .syslog) == .warn)
        try log.apply(spec: "any,vswitchd")
        #expect(vswitchd.level(of: .console) == .dbg && bridge.level(of: .console) == .off)
        try log.apply(spec: "console:off")
        #expect(log.module("made later").level(of: .console) == .off)
        #expect(!log.module("bridge").isEnabled(.info))
    }

    @Test("refusals in OVS's words")
    func refusals() {
        #expect(refusal("nosuch") == "no destination, level, or module \"nosuch\"")
        #expect(refusal("dbg info") == "cannot specify multiple levels")
        #expect(refusal("file:console") == "cannot specify multiple destinations")
        #expect(refusal("bridge vswitchd") == "cannot specify multiple modules")
        #expect(refusal("PATTERN") == "missing destination")
        #expect(refusal("PATTERN:x:y") == "unknown destination \"x\"")
        #expect(refusal("FACILITY:x") == "invalid facility")
        #expect(refusal("facility:LOCAL3") == "accepted")
        #expect(
            throws: VLogError(
                message: "processing \"foo\": no destination, level, or module \"foo\"")
        ) { try log.setVerbosity("foo") }
    }

    @Test("the listings have OVS's columns")
    func listings() throws {
        try log.apply(spec: "PATTERN:file:<%m>")
        try log.setRateLimits(false, module: "bridge")
        #expect(
            log.levelListing()
                == "                 console    syslog    file\n"
                + "                 -------    ------    ------\n"
                + "bridge             OFF        OFF       INFO    (rate limiting disabled)\n"
                + "vswitchd           OFF        OFF       INFO\n")
        #expect(
            log.patternListing()
                == "         prefix                            format\n"
                + "         ------                            ------\n"
                + "SYSLOG   <%B> %D{%h %e %T} %E %A:          ovs|%05N|%c%T|%p|%m\n"
                + "CONSOLE  none                              "
                + "%D{%Y-%m-%dT%H:%M:%SZ}|%05N|%c%T|%p|%m\n"
                + "FILE     none                              <%m>\n")
    }

    @Test("a rotated file is written anew after reopen; close keeps the name")
    func rotation() throws {
        let path = fixture.directory + "/b.log"
        try log.setFile(path)
        try log.apply(spec: "PATTERN:file:%m")
        rename(path, path + ".1")
        log.module("bridge").info("old")
        try log.reopenFile()
        log.module("bridge").info("new")
        #expect(try lines(path) == ["opened log file \(path)", "new"])
        #expect(try lines(path + ".1").suffix(2) == ["old", "closing log file"])
        log.closeFile()
        log.module("bridge").info("lost")
        #expect(log.fileName == path)
        try log.reopenFile()
        #expect(try lines(path).last == "opened log file \(path)")
        #expect(throws: VLogError(message: "No such file or directory")) {
            try log.setFile(fixture.directory + "/no/such")
        }
    }

    @Test("a burst passes, then messages come at the rate, with a note of what was dropped")
    func rateLimit() {
        let limit = VLogRateLimit(perMinute: 60, burst: 2)
        #expect(limit.admit(nowMilliseconds: 0) == .pass)
        #expect(limit.admit(nowMilliseconds: 0) == .pass)
        #expect(limit.admit(nowMilliseconds: 100) == .drop)
        #expect(limit.admit(nowMilliseconds: 900) == .drop)
        #expect(
            limit.admit(nowMilliseconds: 3100)
                == .passAfter(dropped: 2, firstSeconds: 3, lastSeconds: 2))
        #expect(limit.admit(nowMilliseconds: 3200) == .pass)
        #expect(limit.admit(nowMilliseconds: 3200) == .drop)
    }

    @Test("syslog by datagram gets priority and line")
    func syslogDatagram() throws {
        let path = fixture.directory + "/dev-log"
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let fd = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        let bound = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(fd, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(bound == 0)
        try log.setSyslogMethod("unix:\(path)")
        try log.apply(spec: "syslog:info")
        try log.apply(spec: "PATTERN:syslog:%p %m")
        log.module("bridge").err("one\ntwo")
        var buffer = [UInt8](repeating: 0, count: 100)
        let first = recv(fd, &buffer, 100, Int32(MSG_DONTWAIT))
        #expect(String(decoding: buffer.prefix(max(0, first)), as: UTF8.self) == "<27>ERR one")
        let second = recv(fd, &buffer, 100, Int32(MSG_DONTWAIT))
        #expect(String(decoding: buffer.prefix(max(0, second)), as: UTF8.self) == "<27>two")
        close(fd)
    }
}
