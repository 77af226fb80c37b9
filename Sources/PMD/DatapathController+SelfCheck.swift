// The self-check of all poll threads, as the control room turns it on and reads it.

import Datapath
import Dpif

extension DatapathController {
    public func setSelfCheck(interval: UInt32) {
        withThreadsHeld {
            for thread in threads { thread.shared.pointee.engine.setSelfCheck(interval: interval) }
        }
    }

    public func selfCheckReport() -> SelfCheckReport {
        withThreadsHeld {
            var report = SelfCheckReport()
            for thread in threads { thread.shared.pointee.engine.addSelfCheck(to: &report) }
            return report
        }
    }
}
