// What a policy costs: rules plus members, and for a change what it changes.

import TestSupport
import Testing

@testable import Policy

@Suite struct PolicyCompilerTests {
    private func rule(_ number: Int, _ change: (inout SecurityGroupRule.Content) -> Void = { _ in })
        -> SecurityGroupRule
    {
        var rule = SecurityGroupRule.Content(
            id: "r\(number)", group: "g", direction: .ingress, family: .ipv4)
        rule.ipProtocol = 6
        rule.portMin = UInt16(number)
        rule.portMax = UInt16(number)
        change(&rule)
        return SecurityGroupRule(rule)
    }

    private func port(_ number: Int, _ group: String) -> PolicyPort {
        var port = PolicyPort(id: "p\(number)", name: "p\(number)", mac: UInt64(number))
        port.fixedAddresses = [
            AddressPrefix(family: .ipv4, high: 0, low: UInt64(number), length: 32)
        ]
        port.groups = [group]
        return port
    }

    private func document(rules: Int, members: Int) -> PolicyDocument {
        var document = PolicyDocument()
        document.groups = [
            "g": SecurityGroup(id: "g", name: "g"), "m": SecurityGroup(id: "m", name: "m"),
        ]
        for number in 1...rules {
            document.rules["r\(number)"] = rule(number) { $0.remote = .group("m") }
        }
        document.ports["p0"] = port(0, "g")
        for number in 1...members { document.ports["p\(number)"] = port(number, "m") }
        return document
    }

    @Test func costsRulesAndMembersNotTheirProduct() {
        let compiler = PolicyCompiler()
        _ = compiler.begin()
        _ = compiler.bind("p0", number: 1)
        let delta = compiler.apply(document(rules: 100, members: 2000))
        #expect(delta.adding.count < 100 + 2000 + 60)
        #expect(delta.adding.count > 100 + 2000)
    }

    @Test func costsOfAChangeWhatItChanges() throws {
        let compiler = PolicyCompiler()
        _ = compiler.begin()
        _ = compiler.bind("p0", number: 1)
        var next = document(rules: 1000, members: 100)
        _ = compiler.apply(next)
        next.rules["r7"] = rule(7) {
            $0.remote = .group("m")
            $0.portMin = 2000
            $0.portMax = 2000
        }
        var delta = compiler.apply(next)
        #expect(delta.removing.count == 1 && delta.adding.count == 1)
        // A member more is one rule more; one that goes is one less.
        next.ports["p101"] = port(101, "m")
        delta = compiler.apply(next)
        #expect(delta.removing.isEmpty && delta.adding.count == 1)
        next.ports["p101"] = nil
        delta = compiler.apply(next)
        #expect(delta.removing.count == 1 && delta.adding.isEmpty)
        #expect(compiler.apply(next).adding.isEmpty)
        // By a patch, too.
        var patch = PolicyPatch()
        patch.rules = ["r7"]
        let (document, changes) = try patch.applied(to: compiler.document)
        delta = compiler.apply(document, changes)
        #expect(delta.removing.count == 1 && delta.adding.isEmpty)
        #expect(throws: PolicyErrors.self) { try patch.applied(to: compiler.document) }
    }

    /// Ranges overlap: what rules have in common outlives the first of them.
    @Test func sharesWhatRulesHaveInCommon() throws {
        let world = try PolicyWorld(workloads: 2)
        var document = PolicyDocument()
        document.groups["g"] = SecurityGroup(id: "g", name: "g")
        for number in 1...2 {
            var one = PolicyPort(
                id: "p\(number)", name: "p\(number)", mac: 0x0200_0000_0000 | UInt64(number))
            one.fixedAddresses = [
                AddressPrefix(
                    family: .ipv4, high: 0, low: 0x0a00_0000 | UInt64(number), length: 32)
            ]
            one.groups = ["g"]
            document.ports[one.id] = one
        }
        func udp(_ id: Int, _ low: UInt16, _ high: UInt16) -> SecurityGroupRule {
            rule(id) {
                $0.ipProtocol = 17
                $0.portMin = low
                $0.portMax = high
            }
        }
        var out = SecurityGroupRule.Content(
            id: "out", group: "g", direction: .egress, family: .ipv4)
        out.ipProtocol = 17
        document.rules = [
            "out": SecurityGroupRule(out), "r1": udp(1, 0, 127), "r2": udp(2, 64, 127),
            "r3": udp(3, 64, 127),
        ]
        world.apply(document)
        #expect(world.passes(from: 1, 5000, to: 2, 100))
        for id in ["r1", "r2"] {
            document.rules[id] = nil
            world.apply(document)
            #expect(world.passes(from: 1, 5000, to: 2, 100), "without \(id)")
        }
        document.rules["r3"] = nil
        world.apply(document)
        #expect(!world.passes(from: 1, 5000, to: 2, 100))
    }

    @Test(arguments: [(0, 65_535, 1), (1, 65_535, 16), (80, 80, 1), (1, 65_534, 30)])
    func coversRangesWithoutGapsOrExcess(_ low: Int, _ high: Int, _ count: Int) {
        let masks = PortRangeMask.cover(UInt16(low), UInt16(high))
        #expect(masks.count == count)
        for port in 0...65_535 {
            let isCovered = masks.contains { UInt16(port) & $0.mask == $0.value }
            #expect(isCovered == (low...high).contains(port))
        }
    }
}
