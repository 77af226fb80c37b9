// Cuts a byte stream into top-level JSON values. OVSDB and unixctl put nothing between messages,
// so the end of one is where its brackets balance; the framer counts brackets outside strings,
// remembers where it stopped, and hands each complete span to the parser. It buffers at most one
// message's limit.
//
// After an error it stays failed: without delimiters there is no place to start again.

/// A bounded, incremental splitter of JSON objects and arrays.
public struct JSONFramer: Sendable {
    public let limits: JSONLimits
    private var buffer: [UInt8] = []
    /// Start of the value being scanned, or of the space before it.
    private var start = 0
    private var scanned = 0
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    private var failure: JSONError?

    public init(limits: JSONLimits = .standard) {
        self.limits = limits
    }

    /// Bytes held that don't make a whole value yet.
    public var bufferedBytes: Int { buffer.count - start }

    /// Takes bytes from the peer; then call `next()` until it returns nil.
    public mutating func append(_ bytes: some Collection<UInt8>) {
        guard failure == nil else { return }
        discardConsumed()
        buffer.append(contentsOf: bytes)
    }

    /// The next complete value, or nil when more bytes are needed.
    ///
    /// **Errors**: malformed JSON, a value that is neither an object nor an array, one beyond the
    /// limits; the same error again on every later call.
    public mutating func next() throws(JSONError) -> JSONValue? {
        if let failure { throw failure }
        do throws(JSONError) {
            guard let range = try scan() else { return nil }
            var parser = JSONParser(buffer, range: range, limits: limits)
            let value = try parser.parseDocument()
            start = range.upperBound
            return value
        } catch {
            failure = error
            buffer = []
            start = 0
            scanned = 0
            throw error
        }
    }

    private mutating func discardConsumed() {
        guard start > 0 else { return }
        if start == buffer.count {
            // The common case; also gives back the room of a message that was unusually large.
            buffer.removeAll(keepingCapacity: buffer.capacity <= 1 << 16)
        } else {
            buffer.removeFirst(start)
        }
        scanned -= start
        start = 0
    }

    /// The span of the next complete value.
    private mutating func scan() throws(JSONError) -> Range<Int>? {
        while scanned < buffer.count {
            guard scanned - start < limits.bytesMax else {
                throw JSONError(.tooLarge, offset: scanned - start)
            }
            let byte = buffer[scanned]
            scanned += 1
            if isInString {
                scanInString(byte)
            } else if depth == 0 {
                try scanBetweenValues(byte)
            } else if try scanInValue(byte) {
                return start..<scanned
            }
        }
        return nil
    }

    private mutating func scanInString(_ byte: UInt8) {
        if isEscaped {
            isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
            isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
            isInString = false
        }
    }

    private mutating func scanBetweenValues(_ byte: UInt8) throws(JSONError) {
        if JSONParser.isSpace(byte) {
            start = scanned
        } else if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
            depth = 1
        } else {
            throw JSONError(.unexpectedByte(byte), offset: 0)
        }
    }

    /// One byte outside strings; whether it closed the value.
    private mutating func scanInValue(_ byte: UInt8) throws(JSONError) -> Bool {
        switch byte {
        case UInt8(ascii: "\""): isInString = true
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            depth += 1
            guard depth <= limits.depthMax else {
                throw JSONError(.tooDeep, offset: scanned - start - 1)
            }
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            depth -= 1
            return depth == 0
        default: break
        }
        return false
    }
}
