// Writing actions that send the packet somewhere.

import Flow

extension ActionEncoder {
    mutating func encodeOutput(_ action: Action) -> Bool {
        switch action {
        case .output(let port, let maxLength): putOutput(port, maxLength)
        case .controller(let controller): putController(controller)
        case .enqueue(let port, let queue):
            guard version == .v1_0 else {
                put32(.setQueue, queue)
                putOutput(port, 0xffff)
                put(.popQueue)
                return true
            }
            put(.enqueue10) { encoder in
                encoder.writer.u16(ActionEncoder.narrow(port))
                encoder.writer.zeros(6)
                encoder.writer.u32(queue)
            }
        case .outputTruncated(let port, let maxLength):
            put(.outputTruncated) { encoder in
                encoder.writer.u16(ActionEncoder.narrow(port))
                encoder.writer.u32(maxLength)
            }
        case .outputRegister(let source, let maxLength): putOutputRegister(source, maxLength)
        case .bundle(let bundle): putBundle(bundle)
        case .group(let group): put32(.group, group)
        default: return false
        }
        return true
    }

    /// The 16-bit form; a port without one becomes OFPP_NONE, which no switch accepts.
    static func narrow(_ port: UInt32) -> UInt16 { ReservedPort.narrow(port) ?? 0xffff }

    private mutating func putOutput(_ port: UInt32, _ maxLength: UInt16) {
        put(version == .v1_0 ? .output10 : .output11) { encoder in
            if encoder.version == .v1_0 {
                encoder.writer.u16(ActionEncoder.narrow(port))
            } else {
                encoder.writer.u32(port)
            }
            encoder.writer.u16(maxLength)
        }
    }

    private mutating func putController(_ action: ControllerAction) {
        if action.isPlainOutput {
            putOutput(ReservedPort.controller, action.maxLength)
            return
        }
        guard !action.userdata.isEmpty || action.pause || action.meterID != 0 else {
            put(.controller) { encoder in
                encoder.writer.u16(action.maxLength)
                encoder.writer.u16(action.controllerID)
                encoder.writer.u8(action.reason)
            }
            return
        }
        put(.controller2) { encoder in
            encoder.writer.zeros(6)
            if action.maxLength != 0xffff {
                encoder.property(0) { $0.u16(action.maxLength) }
            }
            if action.controllerID != 0 { encoder.property(1) { $0.u16(action.controllerID) } }
            if action.reason != 1 { encoder.property(2) { $0.u8(action.reason) } }
            if !action.userdata.isEmpty { encoder.property(3) { $0.put(action.userdata) } }
            if action.pause { encoder.property(4) { _ in } }
            if action.meterID != 0 { encoder.property(5) { $0.u32(action.meterID) } }
        }
    }

    private mutating func property(_ type: UInt16, _ body: (inout ByteWriter) -> Void) {
        let start = writer.count
        writer.u16(type)
        writer.u16(0)
        body(&writer)
        writer.patchLength(at: start + 2, from: start)
        writer.pad(to: 8, from: start)
    }

    private mutating func putOutputRegister(_ source: Subfield, _ maxLength: UInt16) {
        let header = oxm.header32(of: source.field)
        guard header != 0 else {
            put(.outputReg2) { encoder in
                encoder.writer.u16(source.packed)
                encoder.writer.u16(maxLength)
                encoder.oxm.writeHeader(source.field, version: nil, into: &encoder.writer)
            }
            return
        }
        put(.outputReg) { encoder in
            encoder.writer.u16(source.packed)
            encoder.writer.u32(header)
            encoder.writer.u16(maxLength)
        }
    }

    private mutating func putBundle(_ bundle: BundleAction) {
        put(bundle.destination == nil ? .bundle : .bundleLoad) { encoder in
            encoder.writer.u16(bundle.algorithm.rawValue)
            encoder.writer.u16(bundle.fields.rawValue)
            encoder.writer.u16(bundle.basis)
            encoder.writer.u32(0x0002)
            encoder.writer.u16(UInt16(truncatingIfNeeded: bundle.members.count))
            encoder.writer.u16(bundle.destination?.packed ?? 0)
            encoder.writer.u32(bundle.destination.map { encoder.oxm.header32(of: $0.field) } ?? 0)
            encoder.writer.zeros(4)
            for member in bundle.members { encoder.writer.u16(ActionEncoder.narrow(member)) }
        }
    }
}
