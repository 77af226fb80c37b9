// A million packets of every kind through a whole engine, while the heap is watched: nothing may be
// allocated or freed. Run by tools/hot-path on the release build. The same executable is what that
// tool disassembles, so it also holds on to the poll threads, which it never starts.

import CAllocationCounter
import Glibc
import PMD
import TestSupport

/// What is linked in for the disassembly.
@inline(never)
func keepPollThreads() -> DatapathController? {
    CommandLine.arguments.count > 1000 ? DatapathController(DatapathSettings()) : nil
}
keepPollThreads()?.start()

let rounds = CommandLine.arguments.dropFirst().first.flatMap(Int.init) ?? 31_250
let traps = getenv("HOTPATH_TRAP") != nil
guard let traffic = try? Traffic() else {
    print("hot path: out of memory")
    exit(1)
}
// Everything that is made once has been made after the first rounds.
traffic.run(rounds: 200)
let allocations = vdt_allocation_count()
let frees = vdt_free_count()
vdt_trap_on_allocation(traps ? 1 : 0)
traffic.run(rounds: rounds)
vdt_trap_on_allocation(0)
let made = vdt_allocation_count() - allocations
let freed = vdt_free_count() - frees
let summary = traffic.summary
print("\(summary.text)")
print("allocations: \(made), frees: \(freed)")
guard made == 0, freed == 0 else {
    print("hot path: something below the poll turn uses the heap (HOTPATH_TRAP=1 stops there)")
    exit(1)
}
guard summary.isComplete else {
    print("hot path: some kind of packet did not occur")
    exit(1)
}
