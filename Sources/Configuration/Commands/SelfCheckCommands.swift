// vedette/self-check-*: has the pipeline judge a sample of the packets that flow records serve, and
// says whether both agree. Open vSwitch has no such commands.

import Dpif
import FlowText

extension VirtualSwitch {
    var selfCheckCommands: [CommandDefinition] {
        [
            CommandDefinition("vedette/self-check-set", "interval", 1...1) {
                [unowned self] arguments throws(CommandFailure) in
                guard let interval = CInteger.scan(arguments[0], as: UInt32.self) else {
                    throw CommandFailure("\(arguments[0]): not a number of packets")
                }
                datapath.setSelfCheck(interval: interval)
                return ""
            },
            CommandDefinition("vedette/self-check-show", "", 0...0) { [unowned self] _ in
                text(datapath.selfCheckReport())
            },
        ]
    }

    private func text(_ report: SelfCheckReport) -> String {
        var text = "checked:\(report.checks) failed:\(report.failures)\n"
        guard let failure = report.firstFailure else { return text }
        let record = RecordText(style: RecordText.Style()).line(failure.record) { _ in true } ?? ""
        text += "first failure:\n  recorded: \(record)\n"
        text += "  judged:   \(OperationText(names: NameMap()).text(failure.judged))\n"
        return text
    }
}
