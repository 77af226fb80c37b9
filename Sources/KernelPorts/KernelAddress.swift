// Addresses, routes and neighbours of the kernel, as tunnels need them to find their way. Values
// read whole through rtnetlink whenever `LinkMonitor` says that something changed.

/// An address of a kernel device.
public struct KernelAddress: Sendable, Equatable {
    public var interfaceIndex: Int32
    /// Four or sixteen bytes.
    public var address: [UInt8]
    public var prefixLength: Int

    public init(interfaceIndex: Int32, address: [UInt8], prefixLength: Int) {
        self.interfaceIndex = interfaceIndex
        self.address = address
        self.prefixLength = prefixLength
    }
}

/// A unicast route.
public struct KernelRoute: Sendable, Equatable {
    /// Four or sixteen bytes; zeros for the default route.
    public var destination: [UInt8]
    public var prefixLength: Int
    /// Empty for a directly connected network.
    public var gateway: [UInt8] = []
    /// The source address that the kernel prefers, or empty.
    public var preferredSource: [UInt8] = []
    public var interfaceIndex: Int32 = 0
    /// Smaller is better.
    public var metric: UInt32 = 0
    /// 254 is the main table, 255 the local one.
    public var table: UInt32 = 254
    /// The route to one of our own addresses.
    public var isLocal = false

    public init(destination: [UInt8], prefixLength: Int) {
        self.destination = destination
        self.prefixLength = prefixLength
    }

    public var isIPv6: Bool { destination.count == 16 }
}

/// A neighbour whose MAC address the kernel knows.
public struct KernelNeighbour: Sendable, Equatable {
    public var interfaceIndex: Int32
    /// Four or sixteen bytes.
    public var address: [UInt8]
    /// Six bytes.
    public var hardwareAddress: [UInt8]
    public var isPermanent: Bool

    public init(
        interfaceIndex: Int32, address: [UInt8], hardwareAddress: [UInt8], isPermanent: Bool
    ) {
        self.interfaceIndex = interfaceIndex
        self.address = address
        self.hardwareAddress = hardwareAddress
        self.isPermanent = isPermanent
    }
}
