// What the text of a bridge's flows depends on besides the flows: the names of its ports and
// tables and where its tunnel options lie in a flow key.

import Flow

/// The names that printers use and parsers accept.
public struct FlowTextContext: Sendable {
    public var ports: NameMap
    public var tables: NameMap
    /// Where `tun_metadata<n>` lies. Nil: printers leave these fields out, and parsers lay them
    /// out as they come.
    public var tunnelOptions: TunnelOptionLayout?

    public init(
        ports: NameMap = NameMap(), tables: NameMap = NameMap(),
        tunnelOptions: TunnelOptionLayout? = nil
    ) {
        self.ports = ports
        self.tables = tables
        self.tunnelOptions = tunnelOptions
    }

    /// A port as text: reserved name, given name or number.
    public func portText(_ port: UInt32) -> String {
        if let reserved = ReservedPortName.name(of: port) { return reserved }
        if let name = ports.name(of: port) { return NameMap.quoted(name) }
        if port >= 0xffff_ff00 { return String(port & 0xffff) }
        return String(port)
    }

    /// A port from a number, a reserved name in any case, or a given name.
    public func port(_ text: String) -> UInt32? {
        guard text.utf8.first != UInt8(ascii: "-") else { return nil }
        if let number = CNumber.uint32(text, base: 10) {
            if number < 0xff00 { return number }
            if number <= 0xffff { return 0xffff_0000 | number }
            return number < 0xffff_ff00 ? nil : number
        }
        if let reserved = ReservedPortName.number(of: text) { return reserved }
        return ports.number(ofWritten: text)
    }

    /// A table as text: its name or number.
    public func tableText(_ table: UInt8) -> String {
        tables.name(of: UInt32(table)).map(NameMap.quoted) ?? String(table)
    }

    /// A table from a number or a name.
    public func table(_ text: String) -> UInt8? {
        guard text.utf8.first != UInt8(ascii: "-") else { return nil }
        if let number = CNumber.uint32(text, base: 10) { return UInt8(exactly: number) }
        guard let number = tables.number(ofWritten: text) else { return nil }
        return UInt8(exactly: number)
    }
}
