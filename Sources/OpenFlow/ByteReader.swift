// A bounded cursor over received bytes: every read is checked against the end, and a read past it
// throws the error code that suits the structure being read.

/// Reads big-endian integers and byte runs from a range of an array.
///
/// **Errors**: every read throws `lengthError` where fewer bytes remain.
public struct ByteReader: Sendable {
    /// The storage, shared with the message.
    public let bytes: [UInt8]
    /// Index of the next byte in `bytes`.
    public private(set) var position: Int
    /// One past the last readable byte.
    public let end: Int
    /// Where this reader began: `offset` counts from here.
    public let start: Int
    /// Thrown where too few bytes remain.
    public var lengthError: OpenFlowErrorCode

    public init(_ bytes: [UInt8], lengthError: OpenFlowErrorCode = .ofpbrcBadLen) {
        self.bytes = bytes
        self.position = 0
        self.start = 0
        self.end = bytes.count
        self.lengthError = lengthError
    }

    public init(_ slice: ArraySlice<UInt8>, lengthError: OpenFlowErrorCode = .ofpbrcBadLen) {
        self.init(Array(slice), lengthError: lengthError)
    }

    private init(
        bytes: [UInt8], position: Int, end: Int, lengthError: OpenFlowErrorCode
    ) {
        self.bytes = bytes
        self.position = position
        self.start = position
        self.end = end
        self.lengthError = lengthError
    }

    public var remaining: Int { end - position }
    public var isAtEnd: Bool { position >= end }
    /// Bytes read so far.
    public var offset: Int { position - start }
    /// What was not read yet.
    public var rest: ArraySlice<UInt8> { bytes[position..<end] }

    public var tooShort: OpenFlowError { OpenFlowError(lengthError) }

    /// Throws unless `count` bytes remain.
    public func need(_ count: Int) throws(OpenFlowError) {
        guard count >= 0, count <= end - position else { throw tooShort }
    }

    public mutating func u8() throws(OpenFlowError) -> UInt8 {
        try need(1)
        defer { position += 1 }
        return bytes[position]
    }

    public mutating func u16() throws(OpenFlowError) -> UInt16 {
        try need(2)
        defer { position += 2 }
        return UInt16(bytes[position]) << 8 | UInt16(bytes[position + 1])
    }

    public mutating func u32() throws(OpenFlowError) -> UInt32 {
        try need(4)
        defer { position += 4 }
        var value: UInt32 = 0
        for index in position..<position + 4 { value = value << 8 | UInt32(bytes[index]) }
        return value
    }

    /// Six bytes, first byte most significant.
    public mutating func u48() throws(OpenFlowError) -> UInt64 {
        UInt64(try u16()) << 32 | UInt64(try u32())
    }

    public mutating func u64() throws(OpenFlowError) -> UInt64 {
        try need(8)
        defer { position += 8 }
        var value: UInt64 = 0
        for index in position..<position + 8 { value = value << 8 | UInt64(bytes[index]) }
        return value
    }

    public mutating func take(_ count: Int) throws(OpenFlowError) -> [UInt8] {
        try need(count)
        defer { position += count }
        return Array(bytes[position..<position + count])
    }

    public mutating func skip(_ count: Int) throws(OpenFlowError) {
        try need(count)
        position += count
    }

    /// Skips `count` bytes that must be zero, else throws `code`.
    public mutating func zeros(
        _ count: Int, else code: OpenFlowErrorCode
    ) throws(OpenFlowError) {
        try need(count)
        for index in position..<position + count where bytes[index] != 0 {
            throw OpenFlowError(code)
        }
        position += count
    }

    /// A reader of the next `count` bytes, which this one skips.
    public mutating func sub(
        _ count: Int, lengthError: OpenFlowErrorCode? = nil
    ) throws(OpenFlowError) -> ByteReader {
        try need(count)
        defer { position += count }
        return ByteReader(
            bytes: bytes, position: position, end: position + count,
            lengthError: lengthError ?? self.lengthError)
    }

    /// The 16-bit integer `offset` bytes ahead, without reading it.
    public func peek16(_ offset: Int = 0) throws(OpenFlowError) -> UInt16 {
        try need(offset + 2)
        return UInt16(bytes[position + offset]) << 8 | UInt16(bytes[position + offset + 1])
    }

    /// The 32-bit integer `offset` bytes ahead, without reading it.
    public func peek32(_ offset: Int = 0) throws(OpenFlowError) -> UInt32 {
        UInt32(try peek16(offset)) << 16 | UInt32(try peek16(offset + 2))
    }
}
