// Reads command lines as getopt_long(3) does, with its messages: long options may be abbreviated,
// arguments come as `--option=value` or `--option value`, short ones may be bundled, operands may
// stand anywhere. Pure.

/// A command line that is refused; `message` is what follows `program: `.
public struct DaemonArgumentsError: Error, Equatable, CustomStringConvertible, Sendable {
    public let message: String
    public var description: String { message }
}

struct OptionScanner<Option: Equatable & Sendable> {
    enum Argument: Sendable { case none, optional, required }

    struct Description: Sendable {
        var option: Option
        var name: String
        var argument: Argument
        var letter: Character?

        init(_ option: Option, _ name: String, _ argument: Argument, _ letter: Character? = nil) {
            self.option = option
            self.name = name
            self.argument = argument
            self.letter = letter
        }
    }

    /// What is no option, in order; complete when `next` has returned nil.
    private(set) var operands: [String] = []

    private let descriptions: [Description]
    private var words: ArraySlice<String>
    /// What is left of a bundle of short options.
    private var bundle = ""[...]

    /// `words` are without the program's name.
    init(_ descriptions: [Description], words: ArraySlice<String>) {
        self.descriptions = descriptions
        self.words = words
    }

    /// The next option and its argument, or nil at the end.
    mutating func next() throws(DaemonArgumentsError) -> (option: Option, value: String?)? {
        if !bundle.isEmpty { return try nextShort() }
        while let word = words.popFirst() {
            if word == "--" {
                operands += words
                words = []
            } else if word.hasPrefix("--") {
                return try long(word)
            } else if word.hasPrefix("-"), word != "-" {
                bundle = word.dropFirst()
                return try nextShort()
            } else {
                operands.append(word)
            }
        }
        return nil
    }

    private mutating func long(
        _ word: String
    ) throws(DaemonArgumentsError) -> (option: Option, value: String?) {
        let body = word.dropFirst(2)
        let name = body.prefix { $0 != "=" }
        let given = name.endIndex < body.endIndex
            ? String(body[body.index(after: name.endIndex)...]) : nil
        let description = try find(name, word)
        switch description.argument {
        case .none:
            guard given == nil else {
                throw DaemonArgumentsError(
                    message: "option '--\(description.name)' doesn't allow an argument")
            }
            return (description.option, nil)
        case .optional: return (description.option, given)
        case .required:
            if let given { return (description.option, given) }
            guard let value = words.popFirst() else {
                throw DaemonArgumentsError(
                    message: "option '--\(description.name)' requires an argument")
            }
            return (description.option, value)
        }
    }

    private func find(
        _ name: Substring, _ word: String
    ) throws(DaemonArgumentsError) -> Description {
        if let exact = descriptions.first(where: { $0.name == name }) { return exact }
        let found = descriptions.filter { $0.name.hasPrefix(name) }
        guard let first = found.first else {
            throw DaemonArgumentsError(message: "unrecognized option '\(word)'")
        }
        guard found.count == 1 else {
            let names = found.map { " '--\($0.name)'" }.joined()
            throw DaemonArgumentsError(
                message: "option '\(word)' is ambiguous; possibilities:\(names)")
        }
        return first
    }

    private mutating func nextShort() throws(DaemonArgumentsError) -> (Option, String?) {
        let letter = bundle.removeFirst()
        guard let description = descriptions.first(where: { $0.letter == letter }) else {
            throw DaemonArgumentsError(message: "invalid option -- '\(letter)'")
        }
        if description.argument == .none { return (description.option, nil) }
        let rest = String(bundle)
        bundle = ""
        if !rest.isEmpty { return (description.option, rest) }
        guard description.argument == .required else { return (description.option, nil) }
        guard let value = words.popFirst() else {
            throw DaemonArgumentsError(message: "option requires an argument -- '\(letter)'")
        }
        return (description.option, value)
    }
}
