// What a bridge does when its controllers are gone: one of fail mode "standalone" switches by
// addresses learned after a while, by a rule above all others, until a controller is back.

import Flow
import OpenFlow

extension OfprotoBridge {
    /// Above every priority of OpenFlow.
    static let failOpenPriority: Int32 = 0xf0_f0f0

    var isControlled: Bool { sessions.contains { $0.isPrimary && $0.isNegotiated } }

    /// Enters fail-open mode when no controller has been there for three times the probe
    /// interval, and leaves it when one is.
    func runFailOpen(_ now: UInt64) {
        guard settings.hasControllers, settings.failMode == .standalone else {
            failOpenSince = nil
            return
        }
        if isControlled {
            leaveFailOpen()
            failOpenSince = nil
            return
        }
        let since = failOpenSince ?? now
        failOpenSince = since
        let patience = UInt64(max(settings.probeSecondsMax, 1)) * 3000
        guard !isFailOpen, now >= since + patience else { return }
        isFailOpen = true
        log(
            "fail_open",
            "Could not connect to controller (or switch failed controller's post-connection "
                + "admission control policy) for \((now - since) / 1000) seconds, failing open")
        flushRules()
    }

    /// Takes the rule of fail-open mode away.
    func leaveFailOpen() {
        guard isFailOpen else { return }
        isFailOpen = false
        log("fail_open", "No longer in fail-open mode")
        let priority = OfprotoBridge.failOpenPriority
        if let rule = tables[0].find(FlowMatch(), priority: priority) {
            remove([rule], reason: .delete, requester: nil)
            commitChange()
        }
    }
}
