// Numbers, flags and addresses in the text of `other_config` and `options`, read as OVS reads them.

import OVSDB

/// Ethernet addresses as text.
public enum EthernetText {
    /// Reads `xx:xx:xx:xx:xx:xx`; nil for anything else.
    public static func address(_ text: String) -> UInt64? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 6 else { return nil }
        var address: UInt64 = 0
        for part in parts {
            guard (1...2).contains(part.utf8.count), let byte = UInt8(part, radix: 16),
                part.utf8.first != UInt8(ascii: "+")
            else { return nil }
            address = address << 8 | UInt64(byte)
        }
        return address
    }

    /// Writes an address with lower-case digits.
    public static func text(_ address: UInt64) -> String {
        (0..<6).map { hex(address >> UInt64(40 - $0 * 8) & 0xff, digits: 2) }
            .joined(separator: ":")
    }

    /// Lower-case digits, with zeros in front.
    public static func hex(_ value: UInt64, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    static func isMulticast(_ address: UInt64) -> Bool { address >> 40 & 1 == 1 }
    /// The address of a bridge whose ports have none to lend, and with it the datapath ID. It is
    /// made from the row's identifier, as Open vSwitch makes it: controllers know a bridge by it,
    /// also after a restart or a change of the daemon.
    static func address(ofBridge uuid: RowUUID) -> UInt64 {
        // The first six bytes of four words in the machine's order.
        let first = UInt32(truncatingIfNeeded: uuid.high >> 32).byteSwapped
        let second = UInt16(truncatingIfNeeded: uuid.high).byteSwapped
        let bytes = UInt64(first) << 16 | UInt64(second)
        // A unicast address that says of itself that no maker gave it.
        return bytes & 0xfeff_ffff_ffff | 0x0200_0000_0000
    }

    /// Made up by software rather than given by a maker.
    static func isLocallyAdministered(_ address: UInt64) -> Bool { address >> 40 & 2 == 2 }
    /// 01:80:c2:00:00:00 to 0f.
    static func isReserved(_ address: UInt64) -> Bool {
        address & 0xffff_ffff_fff0 == 0x0180_c200_0000
    }
}

extension Dictionary where Key == String, Value == String {
    /// A decimal or 0x… number, as strtol reads it; the default where there is none.
    func integer(_ key: String, _ fallback: Int64) -> Int64 {
        guard let text = self[key] else { return fallback }
        let trimmed = text.drop { $0 == " " }
        let body = trimmed.hasPrefix("-") || trimmed.hasPrefix("+") ? trimmed.dropFirst() : trimmed
        let isHex = body.lowercased().hasPrefix("0x")
        let digits = isHex ? body.dropFirst(2) : body
        guard let value = Int64(digits, radix: isHex ? 16 : 10) else { return fallback }
        return trimmed.hasPrefix("-") ? -value : value
    }

    /// `true` in any case; anything else is false, unless false is what the default isn't.
    func boolean(_ key: String, _ fallback: Bool) -> Bool {
        guard let text = self[key]?.lowercased() else { return fallback }
        return fallback ? text != "false" : text == "true"
    }
}

extension Comparable {
    func clamped(to range: ClosedRange<Self>) -> Self {
        min(max(self, range.lowerBound), range.upperBound)
    }
}
