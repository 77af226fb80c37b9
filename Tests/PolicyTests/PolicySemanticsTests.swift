// What the engine does with packets is what the documents say, also while they change: checked
// against the naive model with random policies, on new connections and on those that live on.

import TestSupport
import Testing

@testable import Policy

@Suite struct PolicySemanticsTests {
    static let workloads = 6

    struct Flow {
        let source: Int
        let sourcePort: UInt16
        let target: Int
        let port: UInt16
        let isIPv6: Bool
    }

    /// The two judgements that a datagram of a connection passes, by the model.
    private func isAllowed(_ flow: Flow, _ model: PolicyModel) -> Bool {
        func address(_ number: Int) -> AddressPrefix {
            let low = 0x0a00_0000 | UInt64(number)
            return flow.isIPv6
                ? AddressPrefix(family: .ipv6, high: 0xfd00 << 48, low: low, length: 128)
                : AddressPrefix(family: .ipv4, high: 0, low: low, length: 32)
        }
        let out = PolicyConnection(
            direction: .egress, ipProtocol: 17, remote: address(flow.target),
            high: flow.sourcePort, low: flow.port)
        var into = out
        into.direction = .ingress
        into.remote = address(flow.source)
        return model.allows(out, port: "p\(flow.source)")
            && model.allows(into, port: "p\(flow.target)")
    }

    /// Without state on either side a reply is a connection of its own.
    private func hasState(_ flow: Flow, _ document: PolicyDocument) -> Bool {
        [flow.source, flow.target].allSatisfy { document.ports["p\($0)"]?.isSecured == true }
    }

    @Test(arguments: 1...24)
    func agreesWithTheModel(_ seed: Int) throws {
        let world = try PolicyWorld(workloads: PolicySemanticsTests.workloads)
        var policies = RandomPolicy(seed: UInt64(seed), workloads: PolicySemanticsTests.workloads)
        var random = SeededRandom(UInt64(seed) ^ 0xf00d)
        var live: [Flow] = []
        for turn in 0..<25 {
            if turn > 0 { policies.change() }
            let document = policies.document
            world.apply(document)
            let model = PolicyModel(document: document)
            // What lives on goes on exactly where the policy of now lets it, in both directions.
            live = live.filter { flow in
                let allowed = isAllowed(flow, model)
                // Where a port has kept no state for a while, who began is not known any more.
                guard hasState(flow, document) else { return false }
                for _ in 0..<2 {
                    let back = world.passes(
                        from: flow.target, flow.port, to: flow.source, flow.sourcePort,
                        isIPv6: flow.isIPv6)
                    #expect(back == allowed, "seed \(seed) turn \(turn): reply of \(flow)")
                    let forth = world.passes(
                        from: flow.source, flow.sourcePort, to: flow.target, flow.port,
                        isIPv6: flow.isIPv6)
                    #expect(forth == allowed, "seed \(seed) turn \(turn): \(flow)")
                }
                return allowed
            }
            for number in 0..<40 {
                let source = 1 + random.below(PolicySemanticsTests.workloads)
                let target = 1 + random.below(PolicySemanticsTests.workloads)
                guard source != target else { continue }
                let flow = Flow(
                    source: source, sourcePort: UInt16(20_000 + turn * 100 + number),
                    target: target, port: UInt16(1 + random.below(25)), isIPv6: random.chance(40))
                let allowed = isAllowed(flow, model)
                for _ in 0..<3 {
                    let passed = world.passes(
                        from: source, flow.sourcePort, to: target, flow.port, isIPv6: flow.isIPv6)
                    #expect(passed == allowed, "seed \(seed) turn \(turn): \(flow)")
                }
                if allowed && hasState(flow, document) { live.append(flow) }
            }
        }
    }

    /// Explanations are those of the rules that the engine counts.
    @Test(arguments: 1...8)
    func explainsWhatTheEngineDoes(_ seed: Int) throws {
        let world = try PolicyWorld(workloads: 2)
        var policies = RandomPolicy(seed: UInt64(seed), workloads: 2)
        let model = { PolicyModel(document: policies.document) }
        for turn in 0..<20 {
            policies.change()
            world.apply(policies.document)
            for port in 1..<UInt16(20) {
                let connection = PolicyConnection(
                    direction: .egress, ipProtocol: 17,
                    remote: AddressPrefix(family: .ipv4, high: 0, low: 0x0a00_0002, length: 32),
                    high: 30_000 + UInt16(turn), low: port)
                let verdict = world.compiler.judge(connection, port: "p1")
                #expect(verdict.isAllowed == model().allows(connection, port: "p1"))
                let rules: [SecurityGroupRule]
                switch verdict {
                case .allowed(let list), .denied(let list): rules = list
                case .deniedByDefault, .noPolicy, .unfiltered: continue
                }
                let before = rules.map { world.packets(.rule($0.content.id)) }
                _ = world.passes(from: 1, 30_000 + UInt16(turn), to: 2, port)
                let after = rules.map { world.packets(.rule($0.content.id)) }
                #expect(zip(before, after).contains { $0 < $1 }, "seed \(seed) turn \(turn)")
            }
        }
    }

    /// However it got there, the compiler ends with the rules of the document, and nothing else.
    @Test(arguments: 1...8)
    func leavesNothingBehind(_ seed: Int) throws {
        var policies = RandomPolicy(seed: UInt64(seed), workloads: 4)
        let compiler = PolicyCompiler()
        var installed: Set<PolicyFlow> = []
        func take(_ delta: PolicyDelta) {
            for flow in delta.removing { #expect(installed.remove(flow) != nil) }
            for flow in delta.adding { #expect(installed.insert(flow).inserted) }
        }
        take(compiler.begin())
        let fixed = installed
        for number in 1...4 { take(compiler.bind("p\(number)", number: UInt32(number))) }
        for _ in 0..<50 {
            policies.change()
            take(compiler.apply(policies.document))
            let fresh = PolicyCompiler()
            var count = fresh.begin().adding.count
            for number in 1...4 {
                count += fresh.bind("p\(number)", number: UInt32(number)).adding.count
            }
            let delta = fresh.apply(policies.document)
            count += delta.adding.count - delta.removing.count
            #expect(installed.count == count)
        }
        take(compiler.apply(PolicyDocument()))
        for number in 1...4 { take(compiler.unbind("p\(number)")) }
        #expect(installed == fixed)
        #expect(compiler.lists.isEmpty && compiler.sets.isEmpty && compiler.chains.isEmpty)
    }
}
