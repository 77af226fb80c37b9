// DPDK's environment, which a process can start once and never has to: a switch without DPDK ports
// calls nothing here. Control thread only.

import CDPDK
import CIntrinsics
import Glibc
import PacketBuffer
import Synchronization

/// The one DPDK environment of the process.
public enum DPDKRuntime {
    private enum State {
        case idle
        case failed(DPDKError)
        /// With the address of the standard mempool.
        case running(mempool: UInt)
    }
    private static let state = Mutex<State>(.idle)
    /// Mempools for larger MTUs, by their data room. Never freed: their packets may be anywhere.
    private static let large = Mutex<[Int: UInt]>([:])

    /// DPDK's version (`Open_vSwitch.dpdk_version`), initialised or not.
    public static var version: String { String(cString: vd_dpdk_version()) }

    /// Whether `initialise` succeeded (`Open_vSwitch.dpdk_initialized`).
    public static var isInitialised: Bool {
        state.withLock {
            if case .running = $0 { return true }
            return false
        }
    }

    /// Starts the EAL and lets a mempool of `packets` standard packets serve `pool`. Later calls
    /// answer as the first one did.
    ///
    /// - Parameter exclusively: runs what it is given while no poll thread uses the pool.
    /// **Errors**: `.environment`, `.badArgument`, `.noMemory`; final for this process.
    public static func initialise(
        _ arguments: DPDKArguments, packets: Int = 65_535, pool: PacketPool,
        exclusively: (() -> Void) -> Void = { $0() }
    ) throws(DPDKError) {
        let failure = state.withLock { state -> DPDKError? in
            switch state {
            case .running: return nil
            case .failed(let error): return error
            case .idle: break
            }
            do throws(DPDKError) {
                let mempool = try start(arguments, packets: packets)
                exclusively {
                    pool.attach(
                        mempool: mempool, allocate: { vd_mempool_allocate($0, $1, $2) },
                        free: { vd_mempool_free($0, $1) })
                }
                state = .running(mempool: UInt(bitPattern: mempool))
                return nil
            } catch {
                state = .failed(error)
                return error
            }
        }
        if let failure { throw failure }
    }

    /// Sends DPDK's log lines to `sink` instead of stderr; best before `initialise`. It is called
    /// on any thread, with DPDK's level (1 emergency to 8 debug) and the bytes of one or more
    /// lines.
    public static func redirectLog(
        to sink: @escaping @convention(c) (UInt32, UnsafePointer<CChar>?, UInt64) -> Void
    ) {
        _ = vd_log_redirect(sink)
    }

    /// Makes the calling poll thread known to DPDK, for mempool caches of its own. Harmless to
    /// leave out.
    public static func registerThread() { _ = vd_thread_register() }
    public static func unregisterThread() { vd_thread_unregister() }

    /// The mempool of standard packets.
    static func standardMempool() throws(DPDKError) -> UnsafeMutableRawPointer {
        let address = state.withLock { state -> UInt in
            if case .running(let mempool) = state { return mempool }
            return 0
        }
        guard let mempool = UnsafeMutableRawPointer(bitPattern: address) else {
            throw .notInitialised
        }
        return mempool
    }

    /// The mempool of packets with `roomBytes` of data room, made when first asked for.
    static func largeMempool(roomBytes: Int) throws(DPDKError) -> UnsafeMutableRawPointer {
        let known = large.withLock { $0[roomBytes] }
        if let known, let mempool = UnsafeMutableRawPointer(bitPattern: known) { return mempool }
        let mempool = try makeMempool(
            name: "vd-large-\(roomBytes)", packets: 8191, roomBytes: roomBytes)
        large.withLock { $0[roomBytes] = UInt(bitPattern: mempool) }
        return mempool
    }

    private static func start(
        _ arguments: DPDKArguments, packets: Int
    ) throws(DPDKError) -> UnsafeMutableRawPointer {
        let line = try arguments.commandLine(
            hasHugepages: hasHugepages(), firstCPU: Int(vd_current_cpu()))
        // The EAL keeps pointers into its arguments: they stay for the life of the process.
        let words = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(
            capacity: line.count + 1)
        for (index, word) in line.enumerated() { words[index] = strdup(word) }
        words[line.count] = nil
        let status = vd_eal_init(Int32(line.count), words)
        guard status == 0 else { throw .environment(-status) }
        return try makeMempool(
            name: "vd-standard", packets: packets, roomBytes: PacketLayout.standardRoomBytes)
    }

    static func makeMempool(
        name: String, packets: Int, roomBytes: Int
    ) throws(DPDKError) -> UnsafeMutableRawPointer {
        var number: Int32 = 0
        // Less, by halves, when memory is short; some room must stay for devices' rings.
        var count = packets
        while count >= 1023 {
            if let mempool = vd_mempool_create(
                name, UInt32(count), UInt16(truncatingIfNeeded: roomBytes), -1, &number)
            {
                return mempool
            }
            count /= 2
        }
        throw .noMemory(packets: packets, number: -number)
    }

    /// Whether the kernel has free hugepages of any size.
    private static func hasHugepages() -> Bool {
        let root = "/sys/kernel/mm/hugepages"
        guard let directory = opendir(root) else { return false }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            guard name.hasPrefix("hugepages-"),
                let file = fopen("\(root)/\(name)/free_hugepages", "r")
            else { continue }
            defer { fclose(file) }
            // The first byte of a decimal number that is not zero.
            let first = fgetc(file)
            if first > 0x30 && first <= 0x39 { return true }
        }
        return false
    }
}
