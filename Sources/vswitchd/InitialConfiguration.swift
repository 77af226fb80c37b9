// What must be known before there are poll threads: how many, and on which CPUs. Asked of the database
// in one short blocking conversation while the daemon has nothing else to do. Where no database
// answers, and for changes that come later, the daemon goes on with what it has.

import Glibc
import OVSDB
import PMD

/// `Open_vSwitch.other_config` as it is when the daemon starts.
struct InitialConfiguration {
    let otherConfig: [String: String]

    private static let patienceMilliseconds = 2000

    /// Reads it from a database on a UNIX socket; empty for any other, and where none answers.
    static func read(from database: String) -> InitialConfiguration {
        guard database.hasPrefix("unix:") else { return InitialConfiguration(otherConfig: [:]) }
        let fd = UnixClient.connect(to: String(database.dropFirst(5)))
        guard fd >= 0 else { return InitialConfiguration(otherConfig: [:]) }
        defer { close(fd) }
        var transaction = TransactionBuilder()
        transaction.select(from: "Open_vSwitch", where: [], columns: ["other_config"])
        let request = JSONValue.members([
            "id": 0, "method": "transact",
            "params": .array(transaction.params(database: "Open_vSwitch")),
        ])
        let bytes = Array(request.serialisedText().utf8)
        guard send(fd, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            return InitialConfiguration(otherConfig: [:])
        }
        return InitialConfiguration(otherConfig: answer(on: fd).flatMap(pairs) ?? [:])
    }

    /// The settings of the datapath that follow from it.
    var datapath: DatapathSettings {
        var settings = DatapathSettings()
        settings.cpus = cpus
        settings.threads = max(cpus.count, 1)
        return settings
    }

    /// The CPUs of `pmd-cpu-mask` that there are.
    private var cpus: [Int] {
        var digits = Substring(otherConfig["pmd-cpu-mask"] ?? "")
        if digits.lowercased().hasPrefix("0x") { digits = digits.dropFirst(2) }
        let present = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        var cpus: [Int] = []
        for (place, digit) in digits.reversed().enumerated() {
            guard let value = digit.hexDigitValue else { return [] }
            for bit in 0..<4 where value >> bit & 1 == 1 && place * 4 + bit < present {
                cpus.append(place * 4 + bit)
            }
        }
        return cpus
    }

    private static func answer(on fd: Int32) -> JSONValue? {
        var framer = JSONFramer(limits: .database)
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            var descriptor = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
            guard poll(&descriptor, 1, Int32(patienceMilliseconds)) > 0 else { return nil }
            let count = recv(fd, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            framer.append(buffer[..<count])
            guard let value = try? framer.next() else { continue }
            if value["id"]?.integerValue == 0 { return value["result"] }
        }
    }

    private static func pairs(_ result: JSONValue) -> [String: String]? {
        guard let members = result[0]?["rows"]?[0]?["other_config"]?[1]?.arrayValue else {
            return nil
        }
        var pairs: [String: String] = [:]
        for member in members {
            if let key = member[0]?.stringValue, let value = member[1]?.stringValue {
                pairs[key] = value
            }
        }
        return pairs
    }
}
