// swift-tools-version: 6.1
import PackageDescription

/// libFuzzer as an archive: tools/fuzz gives it, and then everything is built to be fuzzed.
let fuzzer = Context.environment["VEDETTE_FUZZER"]

/// Flags every Swift target gets: the CPU level the shims and the hot modules are built for.
let common: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .unsafeFlags(["-Xcc", "-march=x86-64-v3", "-Xcc", "-maes"]),
] + (fuzzer == nil ? [] : [
    .unsafeFlags([
        "-sanitize=address",
        "-sanitize-coverage=edge,indirect-calls,trace-cmp,inline-8bit-counters,pc-table",
        "-assert-config", "Debug", "-enable-testing",
    ])
])
/// The engine room: wrapping on hot paths is explicit, cross-module inlining is on in release.
let hot: [SwiftSetting] = common + (fuzzer == nil ? [
    .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
] : [])

func control(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: common)
}
func engine(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: hot)
}
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies + ["TestSupport"], swiftSettings: common)
}

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOSSL", package: "swift-nio-ssl"),
    .product(name: "NIOTLS", package: "swift-nio"),
]

let package = Package(
    name: "vedette",
    products: [
        .executable(name: "vswitchd", targets: ["vswitchd"]),
        .executable(name: "vedette", targets: ["vedette"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.90.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.30.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    ],
    targets: [
        // Level 0
        .target(
            name: "CIntrinsics", cSettings: [.unsafeFlags(["-march=x86-64-v3", "-maes"])]),
        .target(
            name: "CDPDK",
            cSettings: [
                .unsafeFlags([
                    "-march=x86-64-v3", "-maes", "-I/usr/include/dpdk",
                    "-I/usr/include/x86_64-linux-gnu/dpdk",
                ])
            ],
            linkerSettings: [
                .linkedLibrary("rte_eal"), .linkedLibrary("rte_mempool"),
                .linkedLibrary("rte_mbuf"), .linkedLibrary("rte_ethdev"),
                .linkedLibrary("rte_ring"), .linkedLibrary("rte_bus_vdev"),
                .linkedLibrary("rte_vhost"),
            ]),
        engine("Bounded", ["CIntrinsics"]),
        engine("Wire", []),
        engine("PacketBuffer", ["CIntrinsics"]),
        control("OVSDB", []),
        // Level 1
        engine("Flow", ["Wire", "Bounded"]),
        // Level 2
        engine("Pipeline", ["CIntrinsics", "Flow", "Bounded"]),
        engine("Dpif", ["CIntrinsics", "Pipeline", "Flow", "PacketBuffer", "Bounded"]),
        // Engine room
        engine("Conntrack", ["CIntrinsics", "Flow", "Wire", "PacketBuffer", "Bounded"]),
        engine("DPDK", ["CDPDK", "CIntrinsics", "PacketBuffer"]),
        engine("KernelPorts", ["CIntrinsics", "PacketBuffer", "Wire"]),
        engine(
            "Datapath",
            [
                "CIntrinsics", "Conntrack", "Pipeline", "Dpif", "Flow", "Wire", "PacketBuffer",
                "Bounded",
            ]),
        engine(
            "PMD",
            [
                "DPDK", "KernelPorts", "Datapath", "Conntrack", "Dpif", "Pipeline", "Flow", "Wire",
                "PacketBuffer", "Bounded", "CIntrinsics",
            ]),
        // Control room
        control("OpenFlow", ["Flow", "Wire"]),
        control("FlowText", ["OpenFlow", "Flow", "Wire"]),
        control("Policy", ["OpenFlow", "Flow"]),
        control("Ofproto", ["CIntrinsics", "OpenFlow", "Pipeline", "Dpif", "Flow"]),
        control(
            "Configuration",
            [
                "OVSDB", "Ofproto", "OpenFlow", "FlowText", "Policy", "Pipeline", "Dpif", "Flow",
            ]),
        control("ControlTransport", nio + ["OpenFlow", "OVSDB"]),
        .executableTarget(
            name: "vswitchd",
            dependencies: [
                "PMD", "DPDK", "KernelPorts", "Datapath", "Conntrack", "Dpif", "Pipeline", "Flow",
                "Wire", "PacketBuffer", "Bounded", "OpenFlow", "FlowText", "Ofproto", "OVSDB",
                "Configuration", "ControlTransport",
            ], swiftSettings: common),
        .executableTarget(
            name: "vedette",
            dependencies: [
                "OVSDB", "Policy",
                .product(name: "Yams", package: "Yams"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: common),
        // Tests
        .target(
            name: "TestSupport",
            dependencies: [
                "Wire", "Bounded", "PacketBuffer", "Flow", "Pipeline", "Dpif", "Conntrack",
                "Datapath",
            ],
            path: "Tests/TestSupport", swiftSettings: hot),
        .executableTarget(
            name: "microbench",
            dependencies: [
                "TestSupport", "CIntrinsics", "Bounded", "PacketBuffer", "Flow", "Pipeline",
                "Conntrack", "Datapath", "Wire", "DPDK",
            ],
            path: "Benchmarks/Micro", swiftSettings: hot),
        .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
        .executableTarget(
            name: "hotpath",
            dependencies: [
                "TestSupport", "CAllocationCounter", "PacketBuffer", "Flow", "Pipeline",
                "Conntrack", "Datapath", "PMD",
            ],
            path: "Tests/HotPath", swiftSettings: hot),
        tests("BoundedTests", ["Bounded"]),
        tests("WireTests", ["Wire"]),
        tests("PacketBufferTests", ["PacketBuffer"]),
        tests("OVSDBTests", ["OVSDB"]),
        tests("FlowTests", ["Flow"]),
        tests("PipelineTests", ["Pipeline", "Flow", "Bounded", "CIntrinsics"]),
        tests("ConntrackTests", ["Conntrack"]),
        tests("DatapathTests", ["Datapath", "Conntrack", "PacketBuffer", "Bounded"]),
        tests("KernelPortsTests", ["KernelPorts", "DPDK", "CDPDK"]),
        tests("PMDTests", ["PMD"]),
        tests("OpenFlowTests", ["OpenFlow"]),
        tests("FlowTextTests", ["FlowText"]),
        tests("PolicyTests", ["Policy", "Datapath", "Ofproto"]),
        tests("OfprotoTests", ["Ofproto", "Datapath"]),
        tests("ConfigurationTests", ["Configuration"]),
        tests("ControlTransportTests", ["ControlTransport"]),
        tests("TidyTests", []),
    ]
)

if let fuzzer {
    package.targets.append(
        .executableTarget(
            name: "fuzz",
            dependencies: [
                "TestSupport", "Wire", "Bounded", "PacketBuffer", "Flow", "Pipeline", "Conntrack",
                "Datapath", "OpenFlow", "FlowText", "OVSDB",
            ],
            path: "Tests/Fuzz/Targets", swiftSettings: common,
            linkerSettings: [
                .unsafeFlags(["-sanitize=address", fuzzer]), .linkedLibrary("stdc++"),
            ]))
}
