// The kernel's routes, for `ovs/route/show`: what is in /proc, local addresses first.

import Glibc

/// Reads the kernel's routes.
enum RouteText {
    /// One line for each route.
    static func lines() -> [String] {
        ipv4() + ipv6()
    }

    private static func ipv4() -> [String] {
        var lines: [String] = []
        for line in TextFile.lines("/proc/net/route").dropFirst() {
            let words = line.split { $0 == "\t" || $0 == " " }
            guard words.count > 7, let destination = UInt32(words[1], radix: 16),
                let gateway = UInt32(words[2], radix: 16), let mask = UInt32(words[7], radix: 16)
            else { continue }
            // The file has network byte order as the machine reads it.
            var text = "Cached: \(AddressText.ipv4(destination.byteSwapped))"
            text += "/\(mask.nonzeroBitCount) dev \(words[0])"
            if gateway != 0 { text += " GW \(AddressText.ipv4(gateway.byteSwapped))" }
            lines.append(text + "\n")
        }
        return lines
    }

    private static func ipv6() -> [String] {
        var lines: [String] = []
        for line in TextFile.lines("/proc/net/ipv6_route") {
            let words = line.split(separator: " ")
            guard words.count > 9, let bits = UInt8(words[1], radix: 16),
                let destination = HexText.bytes(String(words[0])), destination.count == 16,
                let gateway = HexText.bytes(String(words[4])), gateway.count == 16,
                let flags = UInt32(words[8], radix: 16)
            else { continue }
            // RTF_REJECT routes and multicast are no way out.
            guard flags & 0x200 == 0, destination[0] != 0xff else { continue }
            var text = "Cached: \(AddressText.text(destination))/\(bits) dev \(words[9])"
            if gateway.contains(where: { $0 != 0 }) { text += " GW \(AddressText.text(gateway))" }
            if flags & 0x8000_0000 != 0 { text += " local" }
            lines.append(text + "\n")
        }
        return lines
    }
}
