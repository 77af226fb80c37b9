// What the daemon calls itself. The first line is the version of Open vSwitch whose interfaces it
// has, in the form that ovs-ctl reads.

enum Version {
    static let vedette = "0.1.0"
    static let openVSwitch = "3.1.0"

    static func line(program: String) -> String { "\(program) (Open vSwitch) \(openVSwitch)" }

    static func text(program: String) -> String {
        line(program: program) + "\nVedette \(vedette)"
    }
}
