// The import matrix of docs/ARCHITECTURE.md: what each module may import, by Package.swift and by
// its source files; which room it belongs to; and that no arrow points up or across.

import Testing

/// Where a module stands: its level, and its room.
struct Place: Sendable {
    enum Room: Sendable { case shared, control, engine, both }
    var level: Int
    var room: Room
}

struct ImportMatrixTests {
    /// Levels and rooms, from the ground up.
    static let places: [String: Place] = [
        "CIntrinsics": Place(level: -1, room: .shared),
        "CDPDK": Place(level: 0, room: .engine),
        "Bounded": Place(level: 0, room: .shared),
        "Wire": Place(level: 0, room: .shared),
        "PacketBuffer": Place(level: 0, room: .shared),
        "OVSDB": Place(level: 0, room: .control),
        "Flow": Place(level: 1, room: .shared),
        "Pipeline": Place(level: 2, room: .shared),
        "Dpif": Place(level: 3, room: .shared),
        "Conntrack": Place(level: 4, room: .engine),
        "DPDK": Place(level: 4, room: .engine),
        "KernelPorts": Place(level: 4, room: .engine),
        "Datapath": Place(level: 5, room: .engine),
        "PMD": Place(level: 6, room: .engine),
        "OpenFlow": Place(level: 4, room: .control),
        "LinkProtocols": Place(level: 4, room: .control),
        "Ofproto": Place(level: 5, room: .control),
        "FlowText": Place(level: 6, room: .control),
        "Policy": Place(level: 6, room: .control),
        "Telemetry": Place(level: 7, room: .control),
        "Configuration": Place(level: 8, room: .control),
        "ControlTransport": Place(level: 8, room: .control),
        "vswitchd": Place(level: 9, room: .both),
        "vedette": Place(level: 9, room: .control),
        "microbench": Place(level: 9, room: .engine),
        "hotpath": Place(level: 9, room: .engine),
        "fuzz": Place(level: 9, room: .both),
    ]

    /// What each module may import of ours. Widen it here and in docs/ARCHITECTURE.md together.
    static let allowed: [String: Set<String>] = [
        "CIntrinsics": [],
        "CDPDK": [],
        "Bounded": ["CIntrinsics"],
        "Wire": [],
        "PacketBuffer": ["CIntrinsics"],
        "OVSDB": [],
        "Flow": ["Wire", "Bounded"],
        "Pipeline": ["CIntrinsics", "Flow", "Bounded"],
        "Dpif": ["CIntrinsics", "Pipeline", "Flow", "PacketBuffer", "Bounded"],
        "Conntrack": ["CIntrinsics", "Flow", "Wire", "PacketBuffer", "Bounded"],
        "DPDK": ["CDPDK", "CIntrinsics", "PacketBuffer"],
        "KernelPorts": ["CIntrinsics", "PacketBuffer", "Wire"],
        "Datapath": [
            "CIntrinsics", "Conntrack", "Pipeline", "Dpif", "Flow", "Wire", "PacketBuffer",
            "Bounded",
        ],
        "PMD": [
            "CIntrinsics", "DPDK", "KernelPorts", "Datapath", "Conntrack", "Dpif", "Pipeline",
            "Flow", "Wire", "PacketBuffer", "Bounded",
        ],
        "OpenFlow": ["Flow", "Wire"],
        "LinkProtocols": ["Flow", "Wire"],
        "FlowText": ["OpenFlow", "Flow", "Wire"],
        "Policy": ["OpenFlow", "Flow"],
        "Ofproto": ["CIntrinsics", "OpenFlow", "Pipeline", "Dpif", "Flow"],
        "Telemetry": ["Dpif", "FlowText", "OpenFlow", "Flow", "Wire"],
        "Configuration": [
            "OVSDB", "Ofproto", "Policy", "LinkProtocols", "Telemetry", "FlowText", "OpenFlow",
            "Dpif", "Pipeline", "Flow",
        ],
        "ControlTransport": ["OpenFlow", "OVSDB", "Telemetry"],
        "vswitchd": Set(places.keys).subtracting([
            "vswitchd", "vedette", "microbench", "hotpath", "fuzz", "CDPDK",
        ]),
        "microbench": [
            "CIntrinsics", "Bounded", "PacketBuffer", "Flow", "Pipeline", "Conntrack", "Datapath",
            "Wire", "DPDK",
        ],
        "hotpath": ["PacketBuffer", "Flow", "Pipeline", "Conntrack", "Datapath", "PMD"],
        "fuzz": [
            "Wire", "Bounded", "PacketBuffer", "Flow", "Pipeline", "Conntrack", "Datapath",
            "OpenFlow", "FlowText", "OVSDB",
        ],
        "vedette": ["ControlTransport", "OVSDB", "Policy", "FlowText", "Flow"],
    ]

    /// Every module stands in both tables, and no permission points up or into the other room.
    @Test func matrixItself() throws {
        #expect(Set(Self.places.keys) == Set(Self.allowed.keys))
        for (module, imports) in Self.allowed {
            let place = try #require(Self.places[module])
            for other in imports {
                let target = try #require(Self.places[other], "\(module) imports \(other)")
                #expect(target.level < place.level, "\(module) imports \(other)")
                let staysInRoom = target.room == .shared || target.room == place.room
                #expect(place.room == .both || staysInRoom, "\(module) imports \(other)")
            }
        }
    }

    /// Package.swift gives no module more than it may import.
    @Test func manifest() throws {
        let targets = PackageTargets.ours
        #expect(targets.dependencies.count > 15, "Package.swift was not understood")
        for (module, imports) in targets.dependencies {
            let may = try #require(Self.allowed[module], "\(module) is not in the matrix")
            let surplus = imports.intersection(Self.places.keys).subtracting(may).sorted()
            #expect(surplus == [], "\(module)")
        }
    }

    /// Source files import what they may, and only what Package.swift gives them.
    @Test(arguments: Repository.sources) func imports(of file: SourceFile) throws {
        let may = try #require(Self.allowed[file.module], "\(file.module) is not in the matrix")
        let ours = Set(file.imports).intersection(Self.places.keys)
        #expect(ours.subtracting(may).sorted() == [])
        let given = PackageTargets.ours.dependencies[file.module] ?? []
        #expect(ours.subtracting(given).sorted() == [], "not in Package.swift")
    }

    /// NIO is known to one module, and DPDK's C to one.
    @Test(arguments: Repository.sources) func soleImporters(of file: SourceFile) {
        if file.module != "ControlTransport" {
            #expect(file.imports.filter { $0.hasPrefix("NIO") } == [])
        }
        if file.module != "DPDK" { #expect(!file.imports.contains("CDPDK")) }
    }
}

/// The targets of Package.swift and their dependencies, as far as they are written out there.
struct PackageTargets: Sendable {
    static let ours = PackageTargets(Repository.manifest)

    private(set) var dependencies: [String: Set<String>] = [:]

    init(_ manifest: SourceFile) {
        let text = manifest.lines.joined(separator: "\n")
        let short = /(?:engine|control)\(\s*"(\w+)",\s*(?:\w+ \+ )?\[([^\]]*)\]/
        for match in text.matches(of: short) {
            dependencies[String(match.1)] = Self.names(match.2)
        }
        let long = /\.executableTarget\(\s*name: "(\w+)",\s*dependencies: \[([^\]]*)\]/
        for match in text.matches(of: long) {
            dependencies[String(match.1)] = Self.names(match.2)
        }
    }

    private static func names(_ list: Substring) -> Set<String> {
        Set(list.matches(of: /"(\w+)"/).map { String($0.1) })
    }
}
