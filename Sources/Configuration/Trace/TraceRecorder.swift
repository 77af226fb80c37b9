// Runs one packet through the interpreter that also judges real ones, with hooks that only watch,
// and gathers what it says. Nothing is executed, learned or sent. The control loop.

import Flow
import FlowText
import Ofproto
import OpenFlow
import Pipeline

/// Records a trace.
final class TraceRecorder {
    let vswitch: VirtualSwitch
    let arguments: TraceArguments
    let interpreter: Interpreter
    private(set) var sections: [TraceSection] = []
    /// Sections that have not ended, outermost first.
    private var open: [TraceSection] = []
    /// Lists of instructions that may be running, latest last.
    private var lists: [TraceActionList] = []
    private var actionSet: [Action] = []
    /// Nodes by the depth of the rule that they belong to.
    private var context: FlowTextContext
    private var statesTaken = 0
    private var lastState: UInt32 = 0x21
    private var isLastStateGiven = false
    /// Operations seen so far that belong to no section any more.
    private var operationsTaken = 0
    private let keyBeforeConntrack = FlowKey.allocate()
    private var isRunningActionSet = false
    private var rulesByBridge: [UInt16: [UInt64: OFRule]] = [:]

    init(_ vswitch: VirtualSwitch, _ arguments: TraceArguments, bridge: BridgeRuntime) {
        self.vswitch = vswitch
        self.arguments = arguments
        context = arguments.usesNames
            ? bridge.ofproto.namedTextContext : bridge.ofproto.textContext
        interpreter = vswitch.traceInterpreter
        let section = TraceSection(number: 0, bridge: bridge, key: arguments.key)
        sections = [section]
        open = [section]
    }

    deinit {
        keyBeforeConntrack.deallocate()
        interpreter.state.pointee.hooks = PipelineHooks()
    }

    /// Traces a packet as received, or as sent by a packet-out with `actions`.
    func run(_ actions: [Action]?) {
        let bridge = sections[0].bridge.ofproto
        let state = interpreter.state
        var hooks = PipelineHooks()
        hooks.context = Unmanaged.passUnretained(self).toOpaque()
        hooks.conntrack = { context, call in
            TraceRecorder.recorder(context)?.conntrack(
                call.assumingMemoryBound(to: ConntrackCall.self))
        }
        hooks.trace = { context, event in
            TraceRecorder.recorder(context)?.take(
                event.assumingMemoryBound(to: TraceEvent.self).pointee)
        }
        state.pointee.hooks = hooks
        state.pointee.key.copy(from: arguments.key)
        interpreter.begin(
            version: vswitch.datapath.pipeline.currentVersion,
            now: vswitch.datapath.nowMilliseconds, frameLength: max(arguments.frameLength, 64))
        let inPort = arguments.key.load32(FlowLayout.inPort)
        if let actions {
            let compiled = ActionCompiler.compile(actions, resolver: bridge)
            lists.append(
                TraceActionList(
                    compiled.program.instructions, count: compiled.program.count, actions: actions))
            interpreter.run(
                compiled.program.instructions, count: compiled.program.count,
                bridge: bridge.index, inPort: inPort)
            withExtendedLifetime(compiled) { finish() }
        } else {
            interpreter.judge(bridge: bridge.index, inPort: inPort)
            if state.pointee.dropReason == .fragment, node.children.isEmpty {
                let text = "Packets are IP fragments and the fragment handling mode is \"drop\"."
                node.add(.table, "\(tableText(0)). \(text)").add(.action, "drop")
            }
            finish()
        }
    }

    private static func recorder(_ context: UnsafeMutableRawPointer?) -> TraceRecorder? {
        // SAFETY: the context is the recorder that runs the interpreter, alive until it is done.
        context.map { Unmanaged<TraceRecorder>.fromOpaque($0).takeUnretainedValue() }
    }

    private var section: TraceSection { open.last ?? sections[0] }
    private var node: TraceNode { section.current }

    private func finish() {
        takeOperations()
        while let section = open.popLast() {
            if !section.hasEnded { section.finalKey.copy(from: interpreter.state.pointee.key) }
        }
    }

    /// Gives the operations recorded since the last time to the section at hand.
    private func takeOperations() {
        let state = interpreter.state
        while operationsTaken < state.pointee.operationCount {
            section.operations.append(state.pointee.operations[operationsTaken])
            operationsTaken += 1
        }
    }

    // MARK: Events

    private func take(_ event: TraceEvent) {
        takeOperations()
        switch event.kind {
        case .rule: enterTable(event)
        case .miss: miss(event)
        case .instruction: instruction(event)
        case .bridge: enterBridge(event)
        case .remark:
            if let remark = TraceRemark(rawValue: event.value) { say(remark) }
        case .bucket: bucket(event)
        case .recirculate: recirculate(event)
        }
    }

    /// Makes the innermost open node one for a rule at `depth`.
    private func unwind(to depth: Int32) {
        let section = section
        let wanted = Int(depth - section.depth) + 1
        while section.stack.count > max(wanted, 1) { section.stack.removeLast() }
    }

    private func ofproto(_ index: UInt16) -> OfprotoBridge? {
        vswitch.bridgeSet.bridges[index]
    }

    private func enterTable(_ event: TraceEvent) {
        unwind(to: event.depth)
        let bridge = ofproto(interpreter.state.pointee.bridge.pointee.index)
        let rule = event.rule.flatMap { pointer in
            bridge.flatMap { rules(of: $0)[pointer.pointee.id] }
        }
        guard let rule, let compiled = event.rule else {
            section.stack.append(node.add(.table, "\(tableText(event.table)). "))
            return
        }
        note(rule.match)
        var text = MatchPrinter.text(
            rule.match, priority: MatchPrinter.defaultPriority, context: context)
        if !text.isEmpty { text += ", " }
        text += "priority \(rule.priority)"
        if rule.cookie != 0 { text += ", cookie 0x" + String(rule.cookie, radix: 16) }
        let entered = node.add(.table, "\(tableText(event.table)). \(text)")
        section.stack.append(entered)
        lists.append(
            TraceActionList(
                compiled.pointee.instructions, count: Int(compiled.pointee.instructionCount),
                actions: rule.actions))
        if rule.actions.isEmpty { entered.add(.action, "drop") }
    }

    private func rules(of bridge: OfprotoBridge) -> [UInt64: OFRule] {
        if let known = rulesByBridge[bridge.index] { return known }
        let rules = Dictionary(
            bridge.allRules(includingHidden: true).map { ($0.id, $0) },
            uniquingKeysWith: { first, _ in first })
        rulesByBridge[bridge.index] = rules
        return rules
    }

    private func tableText(_ table: UInt8) -> String {
        let name = arguments.usesNames ? context.tables.name(of: UInt32(table)) : nil
        return name ?? String(table).leftPadding(2)
    }

    private func miss(_ event: TraceEvent) {
        unwind(to: event.depth)
        node.add(.table, "\(tableText(event.table)). No match.").add(.action, "drop")
    }

    private func enterBridge(_ event: TraceEvent) {
        guard let bridge = ofproto(UInt16(truncatingIfNeeded: event.value)) else { return }
        let returns = section.stack.count > 1
            && Int(event.depth - section.depth) + 1 < section.stack.count
            && section.stack.contains { $0.kind == .bridge && $0 !== section.root }
            && section.stack.last { $0.kind == .bridge }?.text != "bridge(\"\(bridge.name)\")"
            && section.stack.dropLast().contains { $0.text == "bridge(\"\(bridge.name)\")" }
        context = arguments.usesNames ? bridge.namedTextContext : bridge.textContext
        unwind(to: event.depth)
        if returns { return }
        section.stack.append(node.add(.bridge, "bridge(\"\(bridge.name)\")"))
    }

    private func bucket(_ event: TraceEvent) {
        node.add(.bucket, "bucket \(event.value)")
        pendingBucket = Int(event.value)
    }

    private var pendingBucket: Int?
    private var pendingGroup: UInt32?

    private func instruction(_ event: TraceEvent) {
        guard
            let pointer = UnsafeMutablePointer<Instruction>(
                bitPattern: UInt(truncatingIfNeeded: event.value))
        else { return }
        closeSections(upTo: event.depth)
        let found = lists.reversed().lazy.compactMap { $0.action(at: pointer) }.first
        let isCopy = found == nil
        let match = found ?? bucketAction(pointer.pointee)
            ?? lists.reversed().lazy.compactMap { $0.action(like: pointer.pointee) }.first
        if isCopy, pendingBucket == nil, event.depth == 0, !isRunningActionSet {
            isRunningActionSet = true
            unwind(to: 1)
            section.stack.append(node.add(.table, "--. Executing action set:"))
        } else if !isRunningActionSet {
            unwind(to: event.depth)
        }
        guard let match else { return }
        if match.isFirst { show(match.action, inBucket: isCopy && pendingBucket != nil) }
        prepare(match.action, pointer)
    }

    private func show(_ action: Action, inBucket: Bool) {
        let text = ActionPrinter.text(action, context: context)
        let parent = inBucket ? node.children.last { $0.kind == .bucket } ?? node : node
        parent.add(.action, text)
        switch action {
        case .learn:
            parent.add(.warning, "suppressing side effects, so learn action ignored")
        case .writeActions(let actions):
            write(actions)
            parent.add(.detail, "action set is: \(setText)")
        case .clearActions:
            actionSet = []
            parent.add(.detail, "action set is empty")
        default: break
        }
    }

    /// Gets ready for what the action is about to run.
    private func prepare(_ action: Action, _ pointer: UnsafeMutablePointer<Instruction>) {
        switch action {
        case .clone(let actions), .writeActions(let actions):
            guard
                let list = UnsafeMutablePointer<Instruction>(
                    bitPattern: UInt(truncatingIfNeeded: pointer.pointee.x))
            else { return }
            lists.append(
                TraceActionList(list, count: Int(pointer.pointee.c), actions: actions))
        case .group(let id):
            pendingGroup = id
            pendingBucket = nil
        case .ct(let conntrack):
            keyBeforeConntrack.copy(from: interpreter.state.pointee.key)
            if conntrack.exec.isEmpty {
                if conntrack.recircTable != 255 || conntrack.commit { node.add(.action, "drop") }
            } else {
                for inner in conntrack.exec {
                    node.add(.action, ActionPrinter.text(inner, context: context))
                }
            }
            if conntrack.recircTable == 255 { sayUntracked() }
        default: break
        }
    }

    private func sayUntracked() {
        node.add(
            .detail,
            "Sets the packet to an untracked state, and clears all the conntrack fields.")
    }

    /// The action of a bucket that an instruction run on its own came from.
    private func bucketAction(_ copy: Instruction) -> TraceActionList.Match? {
        guard let pendingBucket, let pendingGroup,
            let bridge = ofproto(interpreter.state.pointee.bridge.pointee.index),
            let group = bridge.groups[pendingGroup],
            pendingBucket < group.description.buckets.count
        else { return nil }
        let list = interpreter.state.pointee.bridge.pointee.groups?.pointee.find(pendingGroup)
        guard let list, pendingBucket < list.pointee.bucketCount else { return nil }
        let bucket = list.pointee.buckets[pendingBucket]
        return TraceActionList(
            bucket.instructions, count: bucket.instructionCount,
            actions: group.description.buckets[pendingBucket].actions
        ).action(like: copy)
    }

    private func write(_ actions: [Action]) {
        for action in actions {
            let kind = Self.kind(action)
            if !Self.isFieldWrite(action) { actionSet.removeAll { Self.kind($0) == kind } }
            actionSet.append(action)
        }
    }

    private var setText: String { ActionPrinter.text(actionSet, context: context) }

    private static func kind(_ action: Action) -> String {
        String("\(action)".prefix { $0 != "(" })
    }

    private static func isFieldWrite(_ action: Action) -> Bool {
        switch action {
        case .setField, .registerLoad, .registerMove: true
        default: false
        }
    }

    private func note(_ match: FlowMatch) {
        for word in match.words { section.matched[Int(word.index), default: 0] |= word.mask }
    }

    // MARK: Conntrack

    private func conntrack(_ call: UnsafeMutablePointer<ConntrackCall>) {
        let states = arguments.conntrackStates
        isLastStateGiven = statesTaken < states.count
        lastState = isLastStateGiven ? states[statesTaken] : 0x21
        let key = interpreter.state.pointee.key
        if hasRecirculation { statesTaken += 1 }
        key.store32(lastState, at: FlowLayout.ctState)
        key.store16(call.pointee.zone, at: FlowLayout.ctZone)
    }

    /// Whether the `ct()` at hand goes on in a table, and so takes one of the presumed states.
    private var hasRecirculation: Bool {
        let last = node.children.last { $0.kind == .action && $0.text.hasPrefix("ct(") }
        guard let last else { return false }
        return last.text.contains("table=")
    }

    private func recirculate(_ event: TraceEvent) {
        node.add(
            .detail,
            "A clone of the packet is forked to recirculate. The forked pipeline will be resumed "
                + "at table \(event.value).")
        sayUntracked()
        guard let outer = open.last else { return }
        let key = interpreter.state.pointee.key
        for range in [FlowLayout.ctState..<FlowLayout.ethDestination] {
            for byte in range { keyBeforeConntrack.store8(0, at: byte) }
        }
        outer.finalKey.copy(from: keyBeforeConntrack)
        outer.hasEnded = true
        let inner = TraceSection(number: sections.count, bridge: outer.bridge, key: key)
        inner.depth = event.depth
        inner.conntrackState = lastState
        inner.isStateGiven = isLastStateGiven
        let thaw = inner.root.add(.thaw, "thaw")
        thaw.add(.thaw, "Resuming from table \(event.value)")
        outer.recirculations.append((outer.operations.count, inner.number))
        sections.append(inner)
        open.append(inner)
    }

    /// An instruction of the list that a `ct()` is in comes after it: what was forked is done.
    private func closeSections(upTo depth: Int32) {
        while open.count > 1, let last = open.last, depth >= 1, depth <= last.depth {
            if !last.hasEnded { last.finalKey.copy(from: interpreter.state.pointee.key) }
            open.removeLast()
            open.last?.hasEnded = false
        }
    }

    // MARK: Remarks

    private func say(_ remark: TraceRemark) {
        let parent = pendingBucket == nil
            ? node : node.children.last { $0.kind == .bucket } ?? node
        if let reason = reason(remark) { parent.add(.error, reason) }
        if remark == .portIsMirrorOutput { return }
        let (kind, text) = TraceRecorder.words(remark)
        parent.add(kind, text)
    }

    /// What is wrong with the packet at its input port, where a remark is about that.
    private func reason(_ remark: TraceRemark) -> String? {
        let key = interpreter.state.pointee.key
        let number = key.load32(FlowLayout.inPort)
        let bridge = ofproto(interpreter.state.pointee.bridge.pointee.index)
        let name = bridge?.ports[number]?.name ?? ""
        switch remark {
        case .unknownInputPort: return "received packet on unknown port \(number)"
        case .partialTag:
            return "dropping packet with partial VLAN tag received on port \(name)"
        case .portIsMirrorOutput:
            return "dropping packet received on port \(name), which is reserved exclusively for "
                + "mirroring"
        case .vlanNotCarried:
            guard let bundle = bridge?.bundles.first(where: { $0.members.contains(number) })
            else { return nil }
            let tci = key.load16(FlowLayout.vlanTCI)
            return TraceRecorder.reason(
                bundle, vlan: tci & 0x1000 == 0 ? 0 : tci & 0xfff, port: name)
        default: return nil
        }
    }

    private static func reason(_ bundle: BundleSettings, vlan: UInt16, port: String) -> String {
        switch bundle.mode {
        case .access:
            "dropping VLAN \(vlan) tagged packet received on port \(port) configured as VLAN "
                + "\(bundle.tag) access port"
        case .dot1qTunnel:
            "dropping VLAN \(vlan) packet received on dot1q-tunnel port \(port) that excludes "
                + "this VLAN"
        case .trunk, .nativeTagged, .nativeUntagged:
            "dropping VLAN \(vlan) packet received on port \(port) not configured for trunking "
                + "VLAN \(vlan)"
        }
    }

    private static func words(_ remark: TraceRemark) -> (TraceNode.Kind, String) {
        switch remark {
        case .skippingOutputToInputPort: (.warning, "skipping output to input port")
        case .nonexistentOutputPort: (.warning, "Nonexistent output port")
        case .portDown: (.detail, "OFPPC_NO_FWD set, skipping output")
        case .floodBridge: (.detail, "flooding")
        case .noLearnedMACFlooding: (.detail, "no learned MAC for destination, flooding")
        case .forwardingToLearnedPort: (.detail, "forwarding to learned port")
        case .learnedPortIsInputPort: (.detail, "learned port is input port, dropping")
        case .vlanNotCarried: (.warning, "disallowed VLAN VID for this input port, dropping")
        case .reservedMulticast: (.detail, "packet has reserved destination MAC, dropping")
        case .recursionTooDeep: (.warning, "over max translation depth 64")
        case .tooManyResubmits: (.warning, "over 4096 resubmit actions")
        case .stackEmpty: (.warning, "Failed to pop from an empty stack.")
        case .ttlExceeded: (.warning, "IPv4 decrement TTL exception")
        case .noLiveBucket: (.detail, "no live bucket")
        case .portIsMirrorOutput: (.warning, "input port is mirror output port, dropping")
        case .nonexistentGroup: (.warning, "output to nonexistent group")
        case .learnedNewAddress: (.detail, "learned a new address")
        case .unknownInputPort: (.warning, "no input bundle, dropping")
        case .partialTag: (.warning, "partial VLAN tag, dropping")
        }
    }
}
