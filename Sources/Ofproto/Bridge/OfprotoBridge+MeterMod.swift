// Meter-mods. Meters are not versioned: a change is in force when it is made. Deleting a meter
// deletes the rules that use it.

import CIntrinsics
import Flow
import OpenFlow
import Pipeline

extension OfprotoBridge {
    /// The most bands that a meter may have.
    static let meterBandsMax = 8

    /// Applies a meter-mod.
    ///
    /// **Errors**: those of OFPMMFC_*.
    func apply(_ mod: MeterMod) throws(OpenFlowError) {
        let id = mod.meter.meterID
        switch mod.command {
        case .add:
            try checkMeter(mod.meter)
            if meters[id] != nil { throw OpenFlowError(.ofpmmfcMeterExists) }
            guard let number = owner.meterNumbers.take() else {
                throw OpenFlowError(.ofpmmfcOutOfMeters)
            }
            let meter = OFMeter(mod.meter, datapathID: number, now: now)
            meters[id] = meter
            publish(meter.compiled, number: number)
        case .modify:
            try checkMeter(mod.meter)
            guard let meter = meters[id] else { throw OpenFlowError(.ofpmmfcUnknownMeter) }
            let old = meter.compiled
            meter.config = mod.meter
            meter.compiled = CompiledMeter(mod.meter, datapathID: meter.datapathID, now: now)
            publish(meter.compiled, number: meter.datapathID)
            control.retire { _ = old }
        case .delete:
            if id == MeterID.all {
                removeAllMeters()
            } else {
                removeMeter(id)
            }
        }
    }

    private func checkMeter(_ config: MeterConfig) throws(OpenFlowError) {
        let id = config.meterID
        let isVirtual = id == MeterID.slowPath || id == MeterID.controller
        guard id != 0, id <= MeterID.max || isVirtual else {
            throw OpenFlowError(.ofpmmfcInvalidMeter)
        }
        guard config.bands.count <= OfprotoBridge.meterBandsMax else {
            throw OpenFlowError(.ofpmmfcOutOfBands)
        }
    }

    private func removeMeter(_ id: UInt32) {
        guard let meter = meters[id] else { return }
        let rules = rulesByMeter[id].map { Array($0.values) } ?? []
        if !rules.isEmpty {
            commitChange()
            remove(sorted(rules), reason: .meterDelete, requester: nil)
            commitChange()
        }
        meters[id] = nil
        publish(nil, number: meter.datapathID)
        let numbers = owner.meterNumbers
        control.retire {
            _ = meter
            numbers.give(meter.datapathID)
        }
    }

    func removeAllMeters() {
        for id in meters.keys.sorted() { removeMeter(id) }
    }

    private func publish(_ meter: CompiledMeter?, number: UInt32) {
        let place = UnsafeMutableRawPointer(pipeline.pointee.meters + Int(number - 1))
        vd_store_release64(place, UInt64(UInt(bitPattern: meter?.meter)))
        pipeline.invalidateRecords()
    }

    /// How many rules use a meter.
    func ruleCount(ofMeter id: UInt32) -> Int { rulesByMeter[id]?.count ?? 0 }
}

extension OfprotoBridge: ActionResolver {
    public func datapathMeter(_ meterID: UInt32) -> UInt32 { meters[meterID]?.datapathID ?? 0 }

    public func register(_ learn: LearnAction) -> UInt64 {
        learnSerial += 1
        learnActions[learnSerial] = learn
        return learnSerial
    }
}
