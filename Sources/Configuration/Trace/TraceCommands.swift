// The commands ofproto/trace and ofproto/trace-packet-out.

import FlowText
import OpenFlow

extension VirtualSwitch {
    var traceCommands: [CommandDefinition] {
        [
            CommandDefinition(
                "ofproto/trace",
                "{[dp_name] odp_flow | bridge br_flow} [OPTIONS...] [-generate|packet]",
                1...Int.max
            ) { [unowned self] arguments throws(CommandFailure) in
                try trace(try readTrace(arguments), actions: nil)
            },
            CommandDefinition(
                "ofproto/trace-packet-out",
                "[-consistent] {[dp_name] odp_flow | bridge br_flow} [OPTIONS...] "
                    + "[-generate|packet] actions", 2...Int.max
            ) { [unowned self] arguments throws(CommandFailure) in
                try tracePacketOut(arguments)
            },
        ]
    }

    private func tracePacketOut(_ words: [String]) throws(CommandFailure) -> String {
        let actions: [Action]
        do throws(FlowTextError) {
            actions = try FlowParser.actions(words[words.count - 1])
        } catch {
            throw CommandFailure(error.message)
        }
        return try trace(try readTrace(Array(words.dropLast())), actions: actions)
    }

    private func trace(
        _ arguments: TraceArguments, actions: [Action]?
    ) throws(CommandFailure) -> String {
        guard let bridge = arguments.bridge else {
            throw CommandFailure("Cannot find the datapath")
        }
        let recorder = TraceRecorder(self, arguments, bridge: bridge)
        recorder.run(actions)
        var names = NameMap()
        for bridge in bridges.values {
            for interface in bridge.interfaces.values {
                if let port = interface.datapathPort { names.insert(interface.name, number: port) }
            }
        }
        return TraceText(usesNames: arguments.usesNames, portNames: names).text(recorder.sections)
    }
}
