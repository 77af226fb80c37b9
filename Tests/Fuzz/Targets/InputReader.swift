// Reads decisions and bytes from a fuzzer's input; behind its end everything is zero.

import PacketBuffer

/// A cursor over the input.
struct InputReader {
    private let base: UnsafePointer<UInt8>?
    private let count: Int
    private var position = 0

    init(_ base: UnsafePointer<UInt8>?, _ count: Int) {
        self.base = base
        self.count = base == nil ? 0 : count
    }

    var isAtEnd: Bool { position >= count }

    mutating func byte() -> UInt8 {
        guard let base, position < count else { return 0 }
        position += 1
        return base[position - 1]
    }
    mutating func word() -> UInt16 { UInt16(byte()) << 8 | UInt16(byte()) }
    /// A number below `bound`.
    mutating func below(_ bound: Int) -> Int { Int(byte()) % bound }
    mutating func long() -> UInt32 { UInt32(word()) << 16 | UInt32(word()) }

    /// At most `limit` bytes that are left.
    mutating func bytes(_ limit: Int) -> [UInt8] {
        guard let base else { return [] }
        let taken = max(0, min(limit, count - position))
        defer { position += taken }
        return Array(UnsafeBufferPointer(start: base + position, count: taken))
    }
}

/// A packet in a block of its exact size, so that the address sanitizer sees any step beyond it.
struct ExactPacket {
    let packet: PacketBuffer

    init(_ bytes: [UInt8], room: Int = 0) {
        let header = UnsafeMutableRawPointer.allocate(byteCount: 192, alignment: 64)
        header.initializeMemory(as: UInt8.self, repeating: 0, count: 192)
        let data = UnsafeMutableRawPointer.allocate(
            byteCount: max(bytes.count + room, 1), alignment: 1)
        data.initializeMemory(as: UInt8.self, repeating: 0, count: max(bytes.count + room, 1))
        bytes.withUnsafeBytes {
            if let base = $0.baseAddress { data.copyMemory(from: base, byteCount: bytes.count) }
        }
        header.storeBytes(of: data, as: UnsafeMutableRawPointer.self)
        packet = PacketBuffer(header: header)
        packet.metadata.initialize(to: PacketMetadata(capacity: UInt32(bytes.count + room)))
        packet.setLength(bytes.count)
    }

    func free() {
        packet.buffer.deallocate()
        packet.header.deallocate()
    }
}
