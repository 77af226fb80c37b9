// The fuzzing executable: `fuzz TARGET [libFuzzer's arguments]`. Built by tools/fuzz alone, with
// coverage and the address sanitizer; libFuzzer is linked as a library, so this is an ordinary
// main.

import Glibc

/// libFuzzer's entry for programs that have a main of their own.
@_silgen_name("LLVMFuzzerRunDriver")
func runDriver(
    _ argc: UnsafeMutablePointer<CInt>,
    _ argv: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// What is fuzzed, by name.
let targets: [(name: String, run: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt)] = [
    ("extraction", fuzzExtraction), ("openflow", fuzzOpenFlow), ("flowtext", fuzzFlowText),
    ("jsonrpc", fuzzJSONRPC), ("conntrack", fuzzConntrack), ("fragments", fuzzFragments),
    ("engine", fuzzEngine),
]

let arguments = CommandLine.arguments
if arguments.count == 2, arguments[1] == "--list" {
    for target in targets { print(target.name) }
    exit(0)
}
// libFuzzer starts itself again with its own arguments only; then the environment names the target.
let inherited = getenv("FUZZ_TARGET").map { String(cString: $0) }
guard let name = inherited ?? arguments.dropFirst().first,
    let chosen = targets.first(where: { $0.name == name })
else {
    print("usage: fuzz TARGET [libFuzzer's arguments] | fuzz --list")
    exit(2)
}
let passed = [arguments[0]] + arguments.dropFirst(inherited == nil ? 2 : 1)
setenv("FUZZ_TARGET", name, 1)
var argc = CInt(passed.count)
let list = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: passed.count + 1)
for (index, text) in passed.enumerated() { (list + index).initialize(to: strdup(text)) }
(list + passed.count).initialize(to: nil)
var argv = list
exit(runDriver(&argc, &argv, chosen.run))
