// Rules are kept in lists: those of one group, one direction, one priority and one remote set. A
// port goes through the lists of its groups, so rules and ports never multiply; members of a remote
// set are asked once a list, so rules and members never multiply.

/// A set of addresses that rules name.
enum AddressSetKey: Hashable {
    case group(String)
    case addressGroup(String)
    case ports(PortSelector)

    /// The set that a rule is about; nil for one that names addresses itself, or none.
    init?(_ remote: RuleRemote) {
        switch remote {
        case .anyone, .prefix: return nil
        case .group(let id): self = .group(id)
        case .addressGroup(let id): self = .addressGroup(id)
        case .ports(let selector): self = .ports(selector)
        }
    }
}

/// What the rules of a list have in common.
struct RuleListKey: Hashable {
    let group: String
    let direction: RuleDirection
    let priority: UInt16
    let isDeny: Bool
    let remote: AddressSetKey?

    init(_ rule: SecurityGroupRule.Content) {
        group = rule.group
        direction = rule.direction
        priority = rule.priority
        isDeny = rule.isDeny
        remote = AddressSetKey(rule.remote)
    }

    /// Whether it is asked before `other`: the higher priority first, and denials before what
    /// allows at the same one.
    func comes(before other: RuleListKey) -> Bool {
        if priority != other.priority { return priority > other.priority }
        if isDeny != other.isDeny { return isDeny }
        return remote == nil && other.remote != nil
    }
}

/// Numbers for things that come and go; the least free one first.
struct NumberPool {
    private var free: [UInt32] = []
    private var next: UInt32 = 1

    mutating func take() -> UInt32 {
        if let number = free.popLast() { return number }
        next += 1
        return next - 1
    }

    mutating func giveBack(_ number: UInt32) { free.append(number) }
}
