// One bridge: its tables, groups, meters, ports and sessions. This file holds the state and the
// life cycle; each kind of change is in a file of its own. Flow-mods go through a `ChangeSet`,
// which takes effect under one version of the pipeline or is undone.

import Dpif
import Flow
import OpenFlow
import Pipeline

/// One bridge's OpenFlow state.
///
/// **Owner**: the control loop.
public final class OfprotoBridge {
    public let index: UInt16
    public internal(set) var settings: BridgeSettings
    unowned let owner: BridgeSet
    /// What poll threads read.
    let state: UnsafeMutablePointer<BridgeState>
    let fdb: UnsafeMutablePointer<ForwardingDatabase>

    // Rules
    let tables: [FlowTable]
    var rulesByID: [UInt64: OFRule] = [:]
    var cookies = CookieIndex()
    var expirable: [UInt64: OFRule] = [:]
    var rulesByGroup: [UInt32: [UInt64: OFRule]] = [:]
    var rulesByMeter: [UInt32: [UInt64: OFRule]] = [:]
    /// The change that is being made; nil between changes.
    var change: ChangeSet?
    /// How many linked rules look deeper into packets than narrow keys.
    var deepRules = 0
    private var ruleSerial: UInt64 = 0
    /// Compiled rules that were unlinked but are still credited by paths.
    var departed: [CompiledRule] = []
    /// Cookies of rules that are gone but whose packets may still come.
    var departedCookies: [UInt64: UInt64] = [:]

    // Learning
    var learnActions: [UInt64: LearnAction] = [:]
    var learnedCookies: [LearnedCookie: Int] = [:]
    var deadCookies: [LearnedCookie] = []
    var learnSerial: UInt64 = 0
    /// Handles of packet-outs, oldest first.
    var packetOutLearns: [UInt64] = []

    // Groups and meters
    public internal(set) var groups: [UInt32: OFGroup] = [:]
    var groupList: CompiledGroupList?
    var departedGroups: [CompiledGroup] = []
    public internal(set) var meters: [UInt32: OFMeter] = [:]

    // Ports
    public internal(set) var ports: [UInt32: OfprotoPort] = [:]
    public internal(set) var bundles: [BundleSettings] = []
    public internal(set) var mirrors: [MirrorSettings] = []
    var configuration: BridgeConfiguration?
    var publishedPeers: [UInt32: PatchEnd] = [:]
    public internal(set) var tunnelOptions = TunnelOptionTable()
    var fragments: SwitchConfig.Fragments = .normal

    // Sessions
    public internal(set) var sessions: [OpenFlowSession] = []
    var electionID: UInt64?
    var monitorSequence: UInt64 = 1
    var failOpenSince: UInt64?
    var isFailOpen = false
    /// Marks continuations as this bridge's.
    let continuationKey: [UInt8]

    init(index: UInt16, settings: BridgeSettings, owner: BridgeSet) {
        self.index = index
        self.settings = settings
        self.owner = owner
        var random = SystemRandomNumberGenerator()
        fdb = .allocate(capacity: 1)
        fdb.initialize(
            to: ForwardingDatabase(
                limit: settings.addressTableSize, agingSeconds: settings.addressAgingSeconds,
                secret: random.next()))
        state = .allocate(capacity: 1)
        state.initialize(to: BridgeState(index: index, fdb: fdb))
        continuationKey = (0..<Continuation.keyByteCount).map { _ in
            UInt8.random(in: .min ... .max, using: &random)
        }
        let tableStates = state.pointee.tables
        tables = (0..<FlowTable.count).map {
            FlowTable(UInt8($0), table: tableStates + $0, reclaimer: owner.control)
        }
        apply(tables: settings.tables)
    }

    public var name: String { settings.name }
    var control: any DatapathControl { owner.control }
    var pipeline: UnsafeMutablePointer<PipelineState> { owner.control.pipeline }
    var now: UInt64 { owner.control.nowMilliseconds }
    func log(_ module: String, _ text: String) { owner.log?(module, text) }

    /// The bridge of a rule by the rule's number.
    static func index(ofRule id: UInt64) -> UInt16 { UInt16(truncatingIfNeeded: id >> 48) }

    func nextRuleID() -> UInt64 {
        ruleSerial = (ruleSerial + 1) & 0xffff_ffff_ffff
        return UInt64(index) << 48 | ruleSerial
    }

    /// Takes over changed settings.
    public func update(_ new: BridgeSettings) {
        let old = settings
        settings = new
        fdb.pointee.limit = new.addressTableSize
        fdb.pointee.agingSeconds = new.addressAgingSeconds
        if old.tables != new.tables { apply(tables: new.tables) }
        let isSwitching = new.failMode != old.failMode || new.hasControllers != old.hasControllers
        if new.failMode != old.failMode && !new.hasControllers
            || new.hasControllers != old.hasControllers
        {
            flushRules()
        }
        if isSwitching { leaveFailOpen() }
        if old.versions != new.versions {
            for session in sessions { session.checkVersion() }
        }
    }

    /// Removes all rules, groups and meters. A bridge that switches by itself then gets the rule
    /// that makes it do so.
    public func flushRules() {
        commitChange()
        let all = tables.filter { !$0.isHidden }.flatMap { Array($0.rules.values) }
        remove(all, reason: .delete, requester: nil)
        removeAllGroups()
        commitChange()
        removeAllMeters()
        if isFailOpen {
            addInternalRule(priority: OfprotoBridge.failOpenPriority)
        } else if !settings.hasControllers && settings.failMode == .standalone {
            addInternalRule(priority: 0)
        }
        commitChange()
    }

    /// Ends all sessions and drops everything, before the bridge goes.
    func shutDown() {
        for session in sessions { session.close() }
        sessions = []
        for port in ports.values { clearIngress(port) }
        ports = [:]
        let all = tables.flatMap { Array($0.rules.values) }
        remove(all, reason: .delete, requester: nil)
        removeAllGroups()
        commitChange()
        removeAllMeters()
    }

    /// Frees what poll threads read, when none can any more.
    func freeState() {
        fdb.pointee.deallocate()
        fdb.deallocate()
        state.pointee.tables.deallocate()
        state.pointee.mirrorCounters.deallocate()
        state.deallocate()
    }
}
