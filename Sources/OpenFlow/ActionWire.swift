// The wire forms of actions: their numbers in each version, their lengths, and how a header is
// found and written. One row per layout; several layouts may mean the same `Action`.

/// A layout of an action on the wire, by the names of nicira-ext and OpenFlow.
enum ActionWire: UInt8, CaseIterable, Sendable {
    case output10, output11, setVLANVID10, setVLANPCP10, setVLANVID11, setVLANPCP11, pushVLAN
    case stripVLAN10, popVLAN11, setEthSource, setEthDestination, setIPv4Source
    case setIPv4Destination, setIPTOS, setIPECN, setL4Source, setL4Destination, enqueue10
    case setMPLSLabel, setMPLSTC, setMPLSTTL, decMPLSTTL, pushMPLS, popMPLS, setQueue, group
    case setIPTTL, decIPTTL, decTTLControllers, setField12, setField15, regLoad, regLoad2
    case copyField15, copyField13, regMove, meter15, resubmit, resubmitTable, resubmitTableCT
    case setTunnel, setTunnel64, popQueue, note, multipath, bundle, bundleLoad, outputReg
    case outputReg2, learn, learn2, exit, finTimeout, controller, controller2, writeMetadata
    case stackPush, stackPop, conjunction, ct, nat, outputTruncated, clone, ctClear
    case checkPacketLarger, deleteField

    /// Where a layout is known under which number.
    struct Form: Sendable {
        let versions: ClosedRange<UInt8>
        let vendor: UInt32
        let number: UInt16

        static func of(_ versions: ClosedRange<UInt8>, _ number: UInt16) -> Form {
            Form(versions: versions, vendor: 0, number: number)
        }
        static func nx(_ versions: ClosedRange<UInt8>, _ number: UInt16) -> Form {
            Form(versions: versions, vendor: VendorID.nicira, number: number)
        }
        static func onf(_ versions: ClosedRange<UInt8>, _ number: UInt16) -> Form {
            Form(versions: versions, vendor: VendorID.onf, number: number)
        }
    }

    /// **Units**: lengths in bytes; `extends` where the action may be longer.
    struct Row: Sendable {
        let wire: ActionWire
        let length: Int
        let extends: Bool
        let forms: [Form]

        init(_ wire: ActionWire, _ length: Int, extends: Bool = false, _ forms: Form...) {
            self.wire = wire
            self.length = length
            self.extends = extends
            self.forms = forms
        }
    }

    /// The row of this layout.
    var row: Row { ActionWire.rows[Int(rawValue)] }

    /// Vendor (0 for OpenFlow's own) and number in `version`.
    func form(in version: OpenFlowVersion) -> Form? {
        row.forms.first { $0.versions.contains(version.rawValue - 1) }
    }

    /// The layout of that vendor and number in `version`.
    static func find(
        vendor: UInt32, number: UInt16, version: OpenFlowVersion
    ) -> ActionWire? {
        if vendor == VendorID.onf {
            let isKnown = number == 3200 && (version == .v1_3 || version == .v1_4)
            return isKnown ? .copyField13 : nil
        }
        guard number < 64 else { return nil }
        let table = vendor == 0 ? 0 : 64
        return index[Int(version.rawValue - 1) * 128 + table + Int(number)]
    }

    /// By version, then 64 of OpenFlow's own numbers, then 64 of Nicira's.
    private static let index: [ActionWire?] = {
        var index = [ActionWire?](repeating: nil, count: 6 * 128)
        for row in rows {
            for form in row.forms where form.vendor != VendorID.onf {
                for version in form.versions {
                    let table = form.vendor == 0 ? 0 : 64
                    index[Int(version) * 128 + table + Int(form.number)] = row.wire
                }
            }
        }
        return index
    }()
}
