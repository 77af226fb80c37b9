// Limits of ports: policers that poll threads ask, and the kernel's own shaping of its devices.

import Dpif
import KernelPorts

extension DatapathController {
    public func setPolicing(_ limit: RateLimit, ofPort datapathPort: UInt32) {
        guard let port = ports[datapathPort], port.policing != limit else { return }
        ports[datapathPort]?.policing = limit
        let old = ports[datapathPort]?.ingressPolicer
        let new = limit.isNone ? nil : Policer(limit, now: nowMilliseconds)
        ports[datapathPort]?.ingressPolicer = new
        withThreadsHeld {
            for thread in threads {
                for index in 0..<thread.shared.pointee.queueCount
                where thread.shared.pointee.queues[index].datapathPort == datapathPort {
                    thread.shared.pointee.queues[index].policer = new
                }
            }
        }
        old?.deallocate()
    }

    public func setShaping(
        _ shaping: EgressShaping?, ofPort datapathPort: UInt32
    ) throws(PortError) {
        guard let port = ports[datapathPort] else { return }
        if case .policer(let limit) = shaping, !limit.isNone {
            setEgressPolicer(Policer(limit, now: nowMilliseconds), ofPort: datapathPort)
        } else {
            setEgressPolicer(nil, ofPort: datapathPort)
        }
        guard port.info.type == .system else {
            guard case .hierarchy = shaping else { return }
            throw PortError("the kernel does not shape what leaves by a port of its type")
        }
        do throws(KernelPortError) {
            if case .hierarchy(let hierarchy) = shaping {
                let mtu = UInt64((try? LinkInfo.of(port.info.name))?.mtu ?? 1500)
                let speed = UInt64(portInfo(datapathPort)?.speedMbps ?? 0) * 125_000
                try TrafficControl.shape(
                    device: port.info.name,
                    TokenHierarchy(
                        hierarchy, mtu: mtu, linkBytesPerSecond: speed > 0 ? speed : 12_500_000))
            } else {
                try TrafficControl.unshape(device: port.info.name)
            }
        } catch {
            throw PortError(error.description)
        }
    }

    /// Puts a policer where all threads' transmissions pass, or takes it away.
    private func setEgressPolicer(_ policer: Policer?, ofPort number: UInt32) {
        let old = egressPolicers[Int(number)]
        guard old != nil || policer != nil else { return }
        withThreadsHeld { egressPolicers[Int(number)] = policer }
        old?.deallocate()
    }

    /// Gives up what limits a port that is about to be closed. Its queues are no longer polled.
    func removeLimits(of port: OpenPort, _ number: UInt32) {
        setEgressPolicer(nil, ofPort: number)
        port.ingressPolicer?.deallocate()
        if port.info.type == .system { try? TrafficControl.unshape(device: port.info.name) }
    }
}

extension TokenHierarchy {
    /// Fills in and bounds what the database leaves open, as Open vSwitch does: a class has at
    /// least an MTU a second, and no more than its device; class 0 is always there.
    init(_ wanted: EgressShaping.Hierarchy, mtu: UInt64, linkBytesPerSecond: UInt64) {
        let whole = wanted.bytesPerSecond ?? linkBytesPerSecond
        self.init(bytesPerSecond: whole, mtu: UInt32(truncatingIfNeeded: mtu), classes: [:])
        var all = wanted.classes
        if all[0] == nil { all[0] = EgressShaping.Class() }
        for (number, given) in all {
            let least = min(max(given.bytesPerSecondMin, mtu), whole)
            classes[number] = Class(
                bytesPerSecondMin: least,
                bytesPerSecondMax: min(max(given.bytesPerSecondMax ?? whole, least), whole),
                burstBytes: max(given.burstBytes, mtu + 64), priority: given.priority)
        }
    }
}
