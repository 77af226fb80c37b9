// Bundles: opened, filled, and committed under one version or not at all.

import Flow
import OpenFlow

extension OpenFlowSession {
    func handle(
        _ control: BundleControl, xid: UInt32, frame: [UInt8]
    ) throws(OpenFlowError) {
        try requirePrimary()
        let id = control.bundleID
        let answer: BundleControl.Kind
        switch control.kind {
        case .openRequest:
            try open(id, flags: control.flags, xid: xid, frame: frame)
            answer = .openReply
        case .closeRequest:
            try close(id, flags: control.flags)
            answer = .closeReply
        case .commitRequest:
            try commit(id, flags: control.flags)
            answer = .commitReply
        case .discardRequest:
            guard bundles.removeValue(forKey: id) != nil else {
                throw OpenFlowError(.ofpbfcBadId)
            }
            answer = .discardReply
        case .openReply, .closeReply, .commitReply, .discardReply:
            throw OpenFlowError(.ofpbfcBadType)
        }
        write(.bundleControl(BundleControl(bundleID: id, kind: answer)), xid: xid)
    }

    private func open(
        _ id: UInt32, flags: BundleFlags, xid: UInt32, frame: [UInt8]
    ) throws(OpenFlowError) {
        if bundles.removeValue(forKey: id) != nil { throw OpenFlowError(.ofpbfcBadId) }
        try makeBundle(id, flags: flags, xid: xid, frame: frame)
    }

    private func makeBundle(
        _ id: UInt32, flags: BundleFlags, xid: UInt32, frame: [UInt8]
    ) throws(OpenFlowError) {
        guard bundles.count < 1024 else { throw OpenFlowError(.ofpbfcOutOfBundles) }
        bundles[id] = OFBundle(flags: flags, frame: frame, xid: xid, now: bridge.now)
    }

    private func close(_ id: UInt32, flags: BundleFlags) throws(OpenFlowError) {
        guard let bundle = bundles[id] else { throw OpenFlowError(.ofpbfcBadId) }
        if bundle.isClosed || bundle.flags != flags {
            bundles[id] = nil
            throw OpenFlowError(bundle.isClosed ? .ofpbfcBundleClosed : .ofpbfcBadFlags)
        }
        bundles[id]?.isClosed = true
        bundles[id]?.used = bridge.now
    }

    func handle(_ add: BundleAdd, xid: UInt32, frame: [UInt8]) throws(OpenFlowError) {
        try requirePrimary()
        let (_, message) = try OpenFlowCodec.decode(frame: add.frame, context: context)
        let content: OFBundle.Content
        switch message {
        case .flowMod(let mod):
            try bridge.check(mod)
            content = .flowMod(mod)
        case .groupMod(let mod): content = .groupMod(mod)
        case .portMod(let mod): content = .portMod(mod)
        case .packetOut(let message):
            try bridge.check(message, context)
            content = .packetOut(message)
        default: throw OpenFlowError(.ofpbfcMsgUnsup)
        }
        let id = add.bundleID
        if let bundle = bundles[id] {
            if bundle.isClosed || bundle.flags != add.flags {
                bundles[id] = nil
                throw OpenFlowError(bundle.isClosed ? .ofpbfcBundleClosed : .ofpbfcBadFlags)
            }
        } else {
            try makeBundle(id, flags: add.flags, xid: xid, frame: frame)
        }
        guard bundles.values.reduce(frame.count, { $0 + $1.byteCount }) <= settings.bundleBytesMax
        else {
            bundles[id] = nil
            throw OpenFlowError(.ofpbfcMsgTooMany)
        }
        let entry = OFBundle.Entry(content: content, xid: xid, frame: frame)
        bundles[id]?.entries.append(entry)
        bundles[id]?.byteCount += frame.count
        bundles[id]?.used = bridge.now
    }

    private func commit(_ id: UInt32, flags: BundleFlags) throws(OpenFlowError) {
        guard let bundle = bundles.removeValue(forKey: id) else {
            throw OpenFlowError(.ofpbfcBadId)
        }
        guard bundle.flags == flags else { throw OpenFlowError(.ofpbfcBadFlags) }
        for entry in bundle.entries {
            do throws(OpenFlowError) {
                try apply(entry, isAtomic: flags.contains(.atomic))
            } catch {
                bridge.rollBack(to: 0)
                fail(error, frame: entry.frame, xid: entry.xid)
                throw OpenFlowError(.ofpbfcMsgFailed)
            }
        }
        bridge.commitChange()
        for entry in bundle.entries { finish(entry) }
    }

    /// Makes the entry's change within the change in progress.
    private func apply(_ entry: OFBundle.Entry, isAtomic: Bool) throws(OpenFlowError) {
        let requester = Requester(session: self, xid: entry.xid)
        switch entry.content {
        case .flowMod(let mod): try bridge.apply(mod, requester: requester)
        case .groupMod(let mod): try bridge.apply(mod, requester: requester)
        case .portMod(let mod):
            // Port changes cannot be made atomically.
            if isAtomic { throw OpenFlowError(.ofpbfcMsgFailed) }
            try bridge.check(mod)
        case .packetOut(let message): try bridge.check(ActionScan(message.actions))
        }
    }

    /// Does what could not be undone, now that all has succeeded.
    private func finish(_ entry: OFBundle.Entry) {
        switch entry.content {
        case .flowMod: break
        case .groupMod(let mod):
            bridge.forward(.group(mod, xid: entry.xid), reason: 0, from: self)
        case .portMod(let mod): try? bridge.apply(mod, source: self)
        case .packetOut(let message): try? bridge.send(message)
        }
    }

    /// Gives up bundles that nothing is added to.
    func expireBundles(_ now: UInt64) {
        let patience = bridge.settings.bundleIdleMilliseconds
        for (id, bundle) in bundles where now >= bundle.used + patience {
            bundles[id] = nil
            fail(OpenFlowError(.ofpbfcTimeout), frame: bundle.frame, xid: bundle.xid)
        }
    }
}
