// Why DPDK could not be started or a device not be used. Control thread only.

import Glibc

/// An operating error of this module.
public enum DPDKError: Error, Equatable, Sendable {
    /// The EAL refused; it can be tried only once a process.
    case environment(Int32)
    /// `other_config` holds something that cannot be passed on.
    case badArgument(String)
    /// DPDK has not been initialised.
    case notInitialised
    /// A mempool of so many packets cannot be had.
    case noMemory(packets: Int, number: Int32)
    /// There is no such device, or its driver refused the arguments; DPDK's log says more.
    case attach(String)
    /// A device call failed.
    case device(call: String, number: Int32)
}

extension DPDKError: CustomStringConvertible {
    /// Whether the device itself could not be had.
    public var isAttachment: Bool {
        if case .attach = self { return true }
        return false
    }

    /// What an operator reads in `Interface.error` or in the log.
    public var description: String {
        switch self {
        case .environment(let number):
            "DPDK initialisation failed: \(DPDKError.text(number))"
        case .badArgument(let text): "invalid DPDK argument: \(text)"
        // Open vSwitch has no such types of ports then.
        case .notInitialised: "Address family not supported by protocol"
        case .noMemory(let packets, let number):
            "no memory for \(packets) packets: \(DPDKError.text(number))"
        case .attach(let devargs): "Error attaching device '\(devargs)' to DPDK"
        case .device(let call, let number): "\(call): \(DPDKError.text(number))"
        }
    }

    private static func text(_ number: Int32) -> String {
        guard let text = strerror(number) else { return "errno \(number)" }
        return String(cString: text)
    }
}
