// The five scalar types of the database (RFC 7047 section 3.2).
// Everything that a column holds is made of these.

/// The type of an atom.
public enum AtomicType: String, Hashable, Sendable, CaseIterable {
    case integer
    case real
    case boolean
    case string
    case uuid

    /// The value that a column of this type has unless set.
    public var defaultAtom: Atom {
        switch self {
        case .integer: .integer(0)
        case .real: .real(0)
        case .boolean: .boolean(false)
        case .string: .string("")
        case .uuid: .uuid(.zero)
        }
    }
}
