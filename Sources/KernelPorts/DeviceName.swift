// A checked name of a kernel device, and the `ifreq` that carries it to the kernel.

import Glibc

/// A valid device name: 1 to 15 bytes, no slash, colon or white space, not "." or "..".
struct DeviceName {
    let bytes: [UInt8]

    init(_ name: String) throws(KernelPortError) {
        let utf8 = Array(name.utf8)
        guard !utf8.isEmpty, utf8.count < LinuxABI.nameBytesMax, name != ".", name != "..",
            !utf8.contains(where: {
                $0 <= 0x20 || $0 == 0x2f || $0 == 0x3a || $0 == 0x7f || $0 == 0x25
            })
        else { throw .badName }
        bytes = utf8
    }
}

/// An `ifreq`: 16 bytes of name, 24 of value.
struct InterfaceRequest {
    private var storage: [UInt8]

    init(_ name: DeviceName) {
        storage = name.bytes + [UInt8](repeating: 0, count: 40 - name.bytes.count)
    }

    subscript(index: Int) -> UInt8 {
        get { storage[16 + index] }
        set { storage[16 + index] = newValue }
    }

    var value16: UInt16 {
        get { UInt16(self[0]) | UInt16(self[1]) << 8 }
        set {
            for index in 0..<2 { self[index] = UInt8(truncatingIfNeeded: newValue >> (8 * index)) }
        }
    }

    var value32: UInt32 {
        get { (0..<4).reduce(0) { $0 | UInt32(self[$1]) << (8 * $1) } }
        set {
            for index in 0..<4 { self[index] = UInt8(truncatingIfNeeded: newValue >> (8 * index)) }
        }
    }

    var value64: UInt64 {
        get { (0..<8).reduce(0) { $0 | UInt64(self[$1]) << (8 * $1) } }
        set {
            for index in 0..<8 { self[index] = UInt8(truncatingIfNeeded: newValue >> (8 * index)) }
        }
    }

    var name: String {
        String(decoding: storage[..<16].prefix { $0 != 0 }, as: UTF8.self)
    }

    /// Passes the request to `call` on `fd`.
    mutating func perform(
        _ call: UInt, on fd: Int32, named text: KernelPortError.StaticText
    ) throws(KernelPortError) {
        let status = storage.withUnsafeMutableBytes {
            ioctl(fd, call, $0.baseAddress.unsafelyUnwrapped)
        }
        guard status >= 0 else {
            throw errno == ENODEV ? .noDevice : .last(text)
        }
    }
}
