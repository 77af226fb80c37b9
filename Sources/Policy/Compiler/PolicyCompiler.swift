// From a document to the rules of the policy's bridge, by differences: what a change of the
// document does not touch is not compiled again. The compiler keeps what it numbered: lists of
// rules, sets of addresses, chains (the lists that ports with the same groups go through) and
// cookies.
//
// A port is bound when its interface is there. Rules and sets are compiled whether or not a port
// needs them; chains and ports only while bound.

import Flow
import OpenFlow

/// Rules that go and come together.
public struct PolicyDelta: Sendable {
    public var removing: [PolicyFlow] = []
    public var adding: [PolicyFlow] = []
    public init() {}
}

/// Compiles one host's policy.
///
/// **Owner**: the control loop.
public final class PolicyCompiler {
    /// What is compiled.
    public internal(set) var document = PolicyDocument()
    /// Numbers in the policy's bridge of the ports that are there, by their id.
    public internal(set) var bound: [String: UInt32] = [:]

    var delta = PolicyDelta()
    // Lists
    var listNumbers = NumberPool()
    var lists: [RuleListKey: (number: UInt32, rules: Int)] = [:]
    var listsByGroup: [String: Set<RuleListKey>] = [:]
    var rulesByGroup: [String: Set<String>] = [:]
    var emptiedLists: Set<RuleListKey> = []
    var sharedFlows: [SharedFlowKey: [PolicyFlow]] = [:]
    // Sets
    var setNumbers = NumberPool()
    var sets: [AddressSetKey: AddressSet] = [:]
    var portsByGroup: [String: Set<String>] = [:]
    var selectorsInUse: Set<PortSelector> = []
    // Chains
    var chainNumbers = NumberPool()
    var chains: [[String]: Chain] = [:]
    var chainsByGroup: [String: Set<[String]>] = [:]
    var dirtyChains: Set<[String]> = []
    // Ports
    var portStates: [String: PortState] = [:]
    var selectingGroups: [SecurityGroup] = []
    // Cookies
    private var cookieNumbers: [PolicyCookie: UInt64] = [:]
    private var freeCookies = NumberPool()
    public private(set) var cookies: [UInt64: PolicyCookie] = [:]
    private var hasFixedRules = false

    /// A set of addresses in use.
    struct AddressSet {
        let number: UInt32
        /// Lists that ask it.
        var users = 0
        /// How many of its members have each prefix.
        var prefixes: [AddressPrefix: Int] = [:]
    }

    /// The lists of ports that have the same groups.
    struct Chain {
        let number: UInt32
        var ports = 0
        var flows: [PolicyFlow] = []
    }

    /// A bound port as compiled.
    struct PortState {
        var chain: [String]?
        var flows: [PolicyFlow] = []
    }

    public init() {}

    /// The rules that every policy has; to be put in first.
    public func begin() -> PolicyDelta {
        if !hasFixedRules {
            hasFixedRules = true
            delta.adding += fixedFlows()
        }
        return take()
    }

    /// Ends a change: gives up what nothing uses any more, and leaves out what came and went.
    func take() -> PolicyDelta {
        for key in emptiedLists { dropIfEmpty(key) }
        emptiedLists = []
        compileChains()
        var result = delta
        delta = PolicyDelta()
        guard !result.removing.isEmpty, !result.adding.isEmpty else { return result }
        var balance: [PolicyFlow: Int] = [:]
        for flow in result.adding { balance[flow, default: 0] += 1 }
        for flow in result.removing { balance[flow, default: 0] -= 1 }
        result.adding = result.adding.filter { (balance.removeValue(ifPositive: $0)) }
        result.removing = result.removing.filter { (balance.removeValue(ifNegative: $0)) }
        return result
    }

    // MARK: Cookies

    func cookie(_ name: PolicyCookie) -> UInt64 {
        if let number = cookieNumbers[name] { return number }
        let number = UInt64(freeCookies.take())
        cookieNumbers[name] = number
        cookies[number] = name
        return number
    }

    func forget(_ name: PolicyCookie) {
        guard let number = cookieNumbers.removeValue(forKey: name) else { return }
        cookies[number] = nil
        freeCookies.giveBack(UInt32(number))
    }

    /// The number of a cookie that is in use.
    public func number(of name: PolicyCookie) -> UInt64? { cookieNumbers[name] }

    // MARK: Chains

    /// The lists that a port with these groups goes through one way, in order.
    func lists(of groups: [String], _ direction: RuleDirection) -> [RuleListKey] {
        var result: [(key: RuleListKey, group: Int, number: UInt32)] = []
        for (position, group) in groups.enumerated() {
            for key in listsByGroup[group] ?? [] where key.direction == direction {
                result.append((key, position, lists[key]?.number ?? 0))
            }
        }
        return result.sorted {
            if $0.key.comes(before: $1.key) { return true }
            if $1.key.comes(before: $0.key) { return false }
            return ($0.group, $0.number) < ($1.group, $1.number)
        }.map(\.key)
    }

    func useChain(_ groups: [String]) -> UInt32 {
        if chains[groups] == nil {
            chains[groups] = Chain(number: chainNumbers.take())
            for group in groups { chainsByGroup[group, default: []].insert(groups) }
            dirtyChains.insert(groups)
        }
        chains[groups]?.ports += 1
        return chains[groups]?.number ?? 0
    }

    func leaveChain(_ groups: [String]) {
        guard var chain = chains[groups] else { return }
        chain.ports -= 1
        chains[groups] = chain
        guard chain.ports == 0 else { return }
        delta.removing += chain.flows
        chains[groups] = nil
        dirtyChains.remove(groups)
        chainNumbers.giveBack(chain.number)
        for group in groups {
            chainsByGroup[group]?.remove(groups)
            if chainsByGroup[group]?.isEmpty == true { chainsByGroup[group] = nil }
        }
    }

    private func compileChains() {
        for groups in dirtyChains {
            guard let chain = chains[groups] else { continue }
            let flows = RuleDirection.allCases.map { flow(chain.number, groups, $0) }
            delta.removing += chain.flows
            delta.adding += flows
            chains[groups]?.flows = flows
        }
        dirtyChains = []
    }

    private func flow(
        _ number: UInt32, _ groups: [String], _ direction: RuleDirection
    ) -> PolicyFlow {
        var match = FlowMatch()
        match.set(PolicyRegister.chain, to: UInt64(number))
        match.set(PolicyRegister.direction, to: direction.code)
        var actions: [Action] = []
        // A port of more lists than a document may have is closed.
        let keys = lists(of: groups, direction)
        for key in keys where keys.count <= PolicyReader.Limit.listsOfPort {
            guard let list = lists[key]?.number else { continue }
            if let remote = key.remote, let set = sets[remote]?.number {
                actions.append(PolicyAction.load(UInt64(list), PolicyRegister.candidate))
                actions.append(PolicyAction.load(0, PolicyRegister.list))
                actions.append(PolicyAction.load(UInt64(set), PolicyRegister.set))
                actions.append(PolicyAction.go(PolicyTable.members(ofSet: set)))
            } else {
                actions.append(PolicyAction.load(UInt64(list), PolicyRegister.list))
            }
            actions.append(PolicyAction.go(PolicyTable.rules(ofList: list)))
        }
        actions.append(PolicyAction.go(PolicyTable.deny))
        return PolicyFlow(
            table: PolicyTable.chain, priority: 100, match: match, actions: actions,
            cookie: cookie(.plumbing))
    }
}

extension [PolicyFlow: Int] {
    /// Whether the flow is still to be added; true once.
    fileprivate mutating func removeValue(ifPositive flow: PolicyFlow) -> Bool {
        guard let count = self[flow], count > 0 else { return false }
        self[flow] = nil
        return true
    }

    fileprivate mutating func removeValue(ifNegative flow: PolicyFlow) -> Bool {
        guard let count = self[flow], count < 0 else { return false }
        self[flow] = nil
        return true
    }
}

/// What tells rules of a table apart.
struct SharedFlowKey: Hashable {
    let table: UInt8
    let match: FlowMatch
}
