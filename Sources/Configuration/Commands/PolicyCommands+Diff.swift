// policy/diff: what applying a document would change, and which live connections it would cut.

import Dpif
import Policy

extension VirtualSwitch {
    /// The most connections that are looked at, of one port, and listed.
    private static let connectionsMax = 1_000_000
    private static let connectionsListed = 100

    func diffPolicy(_ document: PolicyDocument) throws(CommandFailure) -> String {
        let old = policy.compiler.document
        let changes = PolicyChanges(from: old, to: document)
        var text = ""
        do throws(CommandFailure) {
            try policy.check(document)
        } catch {
            text += "would be refused: \(error.text)\n"
        }
        func list(_ what: String, _ ids: Set<String>, _ before: (String) -> String?,
            _ after: (String) -> String?)
        {
            for id in ids.sorted() {
                if let line = before(id) { text += "- \(what) \(line)\n" }
                if let line = after(id) { text += "+ \(what) \(line)\n" }
            }
        }
        list("group", changes.groups, { line(old.groups[$0]) }, { line(document.groups[$0]) })
        list(
            "address group", changes.addressGroups, { line(old.addressGroups[$0]) },
            { line(document.addressGroups[$0]) })
        list(
            "port", changes.ports, { line(old.ports[$0], old) },
            { line(document.ports[$0], document) })
        list(
            "rule", changes.rules,
            { old.rules[$0].map { "\($0.content.id): " + PolicyText.rule($0.content, old) } },
            {
                document.rules[$0].map {
                    "\($0.content.id): " + PolicyText.rule($0.content, document)
                }
            })
        if changes.isEmpty { text += "nothing would change\n" }
        return text + cutConnections(document)
    }

    private func line(_ group: SecurityGroup?) -> String? {
        guard let group else { return nil }
        return group.id + (group.name == group.id ? "" : " (\(group.name))")
            + (group.isStateful ? "" : ", stateless")
            + (group.selector.map { ", applies to \(PolicyText.selector($0))" } ?? "")
    }

    private func line(_ group: AddressGroup?) -> String? {
        group.map { "\($0.id): " + $0.addresses.map(\.description).joined(separator: ", ") }
    }

    private func line(_ port: PolicyPort?, _ document: PolicyDocument) -> String? {
        guard let port else { return nil }
        let groups = port.groups.map { document.groups[$0]?.name ?? $0 }
        return "\(port.id): \(EthernetText.text(port.mac)) "
            + port.addresses.map(\.description).joined(separator: ", ")
            + (port.isSecured
                ? " groups " + groups.joined(separator: ", ") : " without port security")
    }

    /// The connections that the present policy has let begin and the new one would not.
    private func cutConnections(_ document: PolicyDocument) -> String {
        guard policy.status == .inForce else { return "" }
        let next = PolicyCompiler()
        _ = next.apply(document)
        var count = 0
        var text = ""
        for (id, number) in policy.compiler.bound.sorted(by: { $0.key < $1.key }) {
            let connections = datapath.dumpConnections(
                zone: PolicyZone.zone(ofPort: number), limit: VirtualSwitch.connectionsMax)
            for connection in connections {
                guard let first = PolicyConnection(connection) else { continue }
                let verdict = next.judge(first, port: id)
                guard !verdict.isAllowed else { continue }
                count += 1
                guard count <= VirtualSwitch.connectionsListed else { continue }
                text += "cut \(id): \(PolicyText.connection(first)): "
                    + PolicyText.verdict(verdict, document) + "\n"
            }
        }
        if count > VirtualSwitch.connectionsListed {
            text += "cut: \(count - VirtualSwitch.connectionsListed) more\n"
        }
        return text + "live connections that would be cut: \(count)\n"
    }
}

extension PolicyConnection {
    /// A connection in a port's zone; its mark says which side began it.
    init?(_ info: ConnectionInfo) {
        let direction: RuleDirection = info.mark == 1 ? .egress : .ingress
        let bytes = direction == .egress ? info.original.destination : info.original.source
        let words = bytes.reduce(into: (high: UInt64(0), low: UInt64(0))) {
            $0.high = $0.high << 8 | $0.low >> 56
            $0.low = $0.low << 8 | UInt64($1)
        }
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        let family: AddressFamily = bytes.count == 4 ? .ipv4 : .ipv6
        let isICMP = info.proto == 1 || info.proto == 58
        self.init(
            direction: direction, ipProtocol: info.proto,
            remote: AddressPrefix(
                family: family, high: words.high, low: words.low, length: bytes.count * 8),
            high: isICMP ? UInt16(info.original.icmpType) : info.original.sourcePort,
            low: isICMP ? UInt16(info.original.icmpCode) : info.original.destinationPort)
    }
}

extension PolicyText {
    static func connection(_ connection: PolicyConnection) -> String {
        let way = connection.direction == .egress ? "to" : "from"
        let isICMP = connection.ipProtocol == 1 || connection.ipProtocol == 58
        let ends = isICMP
            ? "type \(connection.high)"
            : connection.direction == .egress
                ? "port \(connection.low)" : "to port \(connection.low)"
        return "\(IPProtocolName.name(connection.ipProtocol)) \(way) \(connection.remote) \(ends)"
    }
}
