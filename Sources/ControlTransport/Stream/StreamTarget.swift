// What active and passive stream names have in common: a method, and where it leads. A value; any
// thread. `StreamEndpoint` and `ListenEndpoint` are the two kinds of names.

import Glibc

/// A socket by its method.
enum StreamTarget: Equatable, Sendable {
    case unix(path: String)
    case tcp(InternetTarget)
    case ssl(InternetTarget)

    /// Parses a name whose methods have `prefix` before them. A relative path lies in
    /// `runDirectory`; `parse` reads what follows `tcp:` and `ssl:`.
    ///
    /// **Errors** an unknown method (EAFNOSUPPORT), or a part that OVS refuses, in its words.
    init(
        _ name: String, prefix: String, runDirectory: String,
        parse: (String) throws(StreamError) -> InternetTarget
    ) throws(StreamError) {
        let (method, argument) = StreamTarget.split(name)
        switch method {
        case prefix + "unix":
            guard !argument.isEmpty else { throw StreamError(code: ENOENT) }
            self = .unix(path: absolutePath(argument, in: runDirectory))
        case prefix + "tcp": self = .tcp(try parse(argument))
        case prefix + "ssl": self = .ssl(try parse(argument))
        default: throw StreamError(code: EAFNOSUPPORT)
        }
    }

    /// Whether `name` uses a method with that prefix, whatever follows.
    static func isMethod(of name: String, prefix: String) -> Bool {
        ["unix", "tcp", "ssl"].contains { split(name).method == prefix + $0 }
    }

    /// The method before the first colon and what follows; an empty method where there is none.
    private static func split(_ name: String) -> (method: String, argument: String) {
        guard let colon = name.firstIndex(of: ":") else { return ("", name) }
        return (String(name[..<colon]), String(name[name.index(after: colon)...]))
    }
}

/// `path` itself where it is absolute, else `path` in `directory`.
func absolutePath(_ path: String, in directory: String) -> String {
    path.hasPrefix("/") ? path : "\(directory)/\(path)"
}
