// The text of an errno, and the last errno as an error.

import Glibc

extension KernelPortError {
    static func last(_ call: StaticText) -> KernelPortError { .system(call: call, number: errno) }

    static func text(of number: Int32) -> String {
        // glibc keeps the buffer per thread.
        guard let text = strerror(number) else { return "errno \(number)" }
        return String(cString: text)
    }
}
