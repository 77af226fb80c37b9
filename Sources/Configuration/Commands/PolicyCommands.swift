// policy/*: what `vedette sg` asks for. Open vSwitch has no such commands. A document comes in
// parts under a token, as it may be longer than a request may be.

import Policy

extension VirtualSwitch {
    var policyCommands: [CommandDefinition] {
        [
            CommandDefinition("policy/upload", nil, 2...2) {
                [unowned self] arguments throws(CommandFailure) in
                try upload(arguments[0], arguments[1])
            },
            CommandDefinition("policy/apply", "token", 1...1) {
                [unowned self] arguments throws(CommandFailure) in
                let begun = ContinuousClock.now
                return changed(try applyPolicy(try uploadedDocument(arguments[0])), since: begun)
            },
            CommandDefinition("policy/patch", "token", 1...1) {
                [unowned self] arguments throws(CommandFailure) in
                let begun = ContinuousClock.now
                return changed(try patchPolicy(try uploadedTree(arguments[0])), since: begun)
            },
            CommandDefinition("policy/show", "", 0...0) { [unowned self] _ in showPolicy() },
            CommandDefinition("policy/list", "", 0...0) { [unowned self] _ in listPolicy() },
            CommandDefinition("policy/who", "port", 1...1) {
                [unowned self] arguments throws(CommandFailure) in
                try who(arguments[0])
            },
            CommandDefinition("policy/explain", "port {from|to} protocol address[:port]", 4...4) {
                [unowned self] arguments throws(CommandFailure) in
                try explain(arguments)
            },
            CommandDefinition("policy/diff", "token", 1...1) {
                [unowned self] arguments throws(CommandFailure) in
                try diffPolicy(try uploadedDocument(arguments[0]))
            },
            CommandDefinition("policy/drops", "", 0...0) { [unowned self] _ in drops() },
        ]
    }

    // MARK: Documents

    /// Takes another part of the document of `token`; a new token drops what came before.
    private func upload(_ token: String, _ part: String) throws(CommandFailure) -> String {
        if policy.upload?.token != token { policy.upload = (token, []) }
        let size = (policy.upload?.bytes.count ?? 0) + part.utf8.count
        guard size <= PolicyJSON.bytesMax else {
            policy.upload = nil
            throw CommandFailure("the document is longer than \(PolicyJSON.bytesMax) bytes")
        }
        policy.upload?.bytes.append(contentsOf: part.utf8)
        return ""
    }

    func uploadedTree(_ token: String) throws(CommandFailure) -> PolicyNode {
        guard let upload = policy.upload, upload.token == token else {
            throw CommandFailure("there is no document \(token): another one came between")
        }
        policy.upload = nil
        do throws(PolicyError) {
            return try PolicyJSON.parse(upload.bytes)
        } catch {
            throw CommandFailure(error.description)
        }
    }

    private func uploadedDocument(_ token: String) throws(CommandFailure) -> PolicyDocument {
        let tree = try uploadedTree(token)
        do throws(PolicyErrors) {
            return try PolicyReader.read([tree])
        } catch {
            throw CommandFailure(error.list.map(\.description).joined(separator: "\n"))
        }
    }

    private func applyPolicy(_ document: PolicyDocument) throws(CommandFailure) -> PolicyChanges {
        let changes = PolicyChanges(from: policy.compiler.document, to: document)
        let wasOff = policy.status != .inForce
        try policy.apply(document)
        if wasOff {
            for runtime in orderedBridges {
                policy.attach(runtime)
                runtime.ofproto.publishConfiguration()
            }
        }
        scheduleConfiguration()
        return changes
    }

    private func patchPolicy(_ tree: PolicyNode) throws(CommandFailure) -> PolicyChanges {
        let patch: PolicyPatch
        do throws(PolicyErrors) {
            patch = try PolicyPatch(tree)
        } catch {
            throw CommandFailure(error.list.map(\.description).joined(separator: "\n"))
        }
        return try policy.apply(patch)
    }

    /// What has changed, for the client and the log.
    private func changed(
        _ changes: PolicyChanges, since begun: ContinuousClock.Instant
    ) -> String {
        let microseconds = (ContinuousClock.now - begun) / .microseconds(1)
        let text = "changed: \(changes.rules.count) rules, \(changes.groups.count) groups, "
            + "\(changes.addressGroups.count) address groups, \(changes.ports.count) ports; "
            + "enforced in \(Int(microseconds) / 1000).\(Int(microseconds) / 100 % 10) ms"
        host.log(.info, "bridge", "policy \(text)")
        return text + "\n"
    }
}
