// Reading actions that send the packet somewhere.

import Flow

extension ActionDecoder {
    func decodeOutput(
        _ wire: ActionWire, _ body: inout ByteReader
    ) throws(OpenFlowError) -> Action? {
        switch wire {
        case .output10:
            let port = ReservedPort.widen(try body.u16())
            return try output(port, try body.u16())
        case .output11:
            let port = try body.u32()
            return try output(port, try body.u16())
        case .enqueue10:
            let port = ReservedPort.widen(try body.u16())
            try body.skip(6)
            guard port < ReservedPort.max || port == ReservedPort.inPort
                || port == ReservedPort.local
            else { throw OpenFlowError(.ofpbacBadOutPort, "enqueue") }
            return .enqueue(port: port, queue: try body.u32())
        case .outputTruncated:
            let port = ReservedPort.widen(try body.u16())
            let length = try body.u32()
            guard length >= 14 else { throw OpenFlowError(.ofpbacBadArgument, "output_trunc") }
            return .outputTruncated(port: port, maxLength: length)
        case .outputReg, .outputReg2: return try outputRegister(wire, &body)
        case .controller: return .controller(try controller(&body))
        case .controller2: return .controller(try controllerWithProperties(&body))
        case .bundle, .bundleLoad: return .bundle(try bundle(&body, loads: wire == .bundleLoad))
        case .group: return .group(try argument32(&body))
        default: return nil
        }
    }

    private func output(_ port: UInt32, _ maxLength: UInt16) throws(OpenFlowError) -> Action {
        try ActionPorts.check(port)
        guard port == ReservedPort.controller else {
            return .output(port: port, maxLength: maxLength)
        }
        var action = ControllerAction()
        action.maxLength = maxLength
        action.isPlainOutput = true
        return .controller(action)
    }

    private func outputRegister(
        _ wire: ActionWire, _ body: inout ByteReader
    ) throws(OpenFlowError) -> Action {
        let range = try body.u16()
        let field: Field
        let maxLength: UInt16
        if wire == .outputReg {
            let header = try body.u32()
            maxLength = try body.u16()
            try body.zeros(6, else: .ofpbacBadArgument)
            field = try oxm.field(fromHeader: header)
        } else {
            maxLength = try body.u16()
            field = try oxm.readField(&body)
            try body.zeros(body.remaining, else: .nxbrcMustBeZero)
        }
        let source = Subfield(field, packed: range)
        try oxm.checkSource(source)
        return .outputRegister(source, maxLength: maxLength)
    }

    private func controller(_ body: inout ByteReader) throws(OpenFlowError) -> ControllerAction {
        var action = ControllerAction()
        action.maxLength = try body.u16()
        action.controllerID = try body.u16()
        action.reason = try body.u8()
        return action
    }

    /// Properties, each padded to 8 bytes.
    private func controllerWithProperties(
        _ body: inout ByteReader
    ) throws(OpenFlowError) -> ControllerAction {
        try body.zeros(6, else: .nxbrcMustBeZero)
        var action = ControllerAction()
        action.reason = 1
        while !body.isAtEnd {
            guard body.remaining >= 4 else { throw OpenFlowError(.ofpbpcBadLen) }
            let type = try body.peek16(0)
            let length = Int(try body.peek16(2))
            guard length >= 4, (length + 7) / 8 * 8 <= body.remaining else {
                throw OpenFlowError(.ofpbpcBadLen)
            }
            var padded = try body.sub((length + 7) / 8 * 8)
            var value = try padded.sub(length, lengthError: .ofpbpcBadLen)
            if type == 0xffff { throw try experimenterProperty(value, length) }
            try value.skip(4)
            switch type {
            case 0: action.maxLength = try value.u16()
            case 1: action.controllerID = try value.u16()
            case 2: action.reason = try value.u8()
            case 3: action.userdata = Array(value.rest)
            case 4: action.pause = true
            case 5: action.meterID = try value.u32()
            default: throw OpenFlowError(.ofpbpcBadType)
            }
        }
        return action
    }

    /// None is known; the error depends on how it is malformed.
    private func experimenterProperty(
        _ value: ByteReader, _ length: Int
    ) throws(OpenFlowError) -> OpenFlowError {
        guard length >= 12 else { return OpenFlowError(.ofpbpcBadLen) }
        let isZero = try value.peek32(4) == 0
        return OpenFlowError(isZero ? .ofpbpcBadExperimenter : .ofpbpcBadExpType)
    }

    private func bundle(
        _ body: inout ByteReader, loads: Bool
    ) throws(OpenFlowError) -> BundleAction {
        let algorithm = BundleAction.Algorithm(rawValue: try body.u16())
        let fields = HashFields(rawValue: try body.u16())
        let basis = try body.u16()
        let memberType = try body.u32()
        let count = Int(try body.u16())
        let range = try body.u16()
        let header = try body.u32()
        guard let algorithm, let fields, memberType == 0x0002, count <= 2048 else {
            throw OpenFlowError(.ofpbacBadArgument, "bundle")
        }
        try body.zeros(4, else: .ofpbacBadArgument)
        var destination: Subfield?
        if loads {
            let target = Subfield(try oxm.field(fromHeader: header), packed: range)
            guard target.bitCount >= 16 else { throw OpenFlowError(.ofpbacBadArgument, "bundle") }
            destination = target
        } else if range != 0 || header != 0 {
            throw OpenFlowError(.ofpbacBadArgument, "bundle")
        }
        guard body.remaining >= count * 2 else { throw OpenFlowError(.ofpbacBadLen, "bundle") }
        if let destination { try oxm.checkDestination(destination) }
        var members: [UInt32] = []
        for _ in 0..<count {
            let member = ReservedPort.widen(try body.u16())
            if member != ReservedPort.any { try ActionPorts.check(member) }
            guard member != ReservedPort.controller else {
                throw OpenFlowError(.ofpbacBadOutPort, "bundle to the controller")
            }
            members.append(member)
        }
        return BundleAction(
            fields: fields, basis: basis, algorithm: algorithm, members: members,
            destination: destination)
    }
}

/// Which ports an action may name.
enum ActionPorts {
    /// **Errors**: OFPBAC_BAD_OUT_PORT for a reserved number that is no destination, and for a
    /// plain number that is not below `limit`.
    static func check(_ port: UInt32, limit: UInt32 = 0xff00) throws(OpenFlowError) {
        switch port {
        case ReservedPort.inPort, ReservedPort.table, ReservedPort.normal, ReservedPort.flood,
            ReservedPort.all, ReservedPort.controller, ReservedPort.local:
            return
        default:
            guard port < limit else { throw OpenFlowError(.ofpbacBadOutPort, "port \(port)") }
        }
    }
}
