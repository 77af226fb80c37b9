// Starts DPDK when the database asks for it (`other_config:dpdk-init`), once.

import ControlTransport
import DPDK
import Dpif
import PMD

enum DPDKStart {
    /// Starts DPDK with the options of `other_config`; nil if it could not be.
    static func run(_ otherConfig: [String: String], _ datapath: DatapathController) -> String? {
        let log = VLog.module("dpdk")
        var arguments = DPDKArguments()
        arguments.extra = otherConfig["dpdk-extra"]
        arguments.lcoreMask = otherConfig["dpdk-lcore-mask"]
        arguments.socketMemory = otherConfig["dpdk-socket-mem"]
        arguments.allocatedMegabytes = otherConfig["dpdk-alloc-mem"]
        arguments.socketLimit = otherConfig["dpdk-socket-limit"]
        arguments.hugepageDirectory = otherConfig["dpdk-hugepage-dir"]
        do throws(PortError) {
            log.info("DPDK Enabled - initializing...")
            try datapath.initialiseDPDK(arguments)
            log.info("DPDK Enabled - initialized")
            return DPDKRuntime.version
        } catch {
            log.err("Unable to initialize DPDK: \(error.message)")
            return nil
        }
    }
}
