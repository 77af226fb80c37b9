// Seeded random flow-mods against a list of flows that is searched from end to end.

import Flow
import OpenFlow
import TestSupport
import Testing

@testable import Ofproto

@Suite struct RandomFlowModTests {
    private struct ModelFlow: Hashable {
        var table: UInt8
        var priority: UInt16
        var match: FlowMatch
        var port: UInt32
        var cookie: UInt64
    }

    @Test("Random flow-mods, bundles and failures leave what a naive model has", arguments: 0..<12)
    func random(seed: Int) throws {
        var numbers = SeededRandom(UInt64(seed))
        let fixture = BridgeFixture()
        var model: [ModelFlow] = []
        for round in 0..<60 {
            let mods = (0..<Int.random(in: 1...12, using: &numbers)).map { _ in
                randomMod(&numbers)
            }
            let fails = Int.random(in: 0..<4, using: &numbers) == 0
            do {
                try fixture.bridge.executeTogether(mods + (fails ? [failing] : []))
                for mod in mods { apply(mod, to: &model) }
            } catch {
                #expect(fails)
            }
            if round % 7 == 0 { fixture.datapath.reclaim() }
            compare(fixture, model, seed: seed, round: round)
            lookups(fixture, model, &numbers, seed: seed)
        }
        fixture.datapath.reclaim()
        #expect(fixture.bridge.departed.isEmpty)
    }

    private var failing: FlowMod {
        var mod = flowMod(.add)
        mod.actions = [.group(99)]
        return mod
    }

    private func randomMod(_ numbers: inout SeededRandom) -> FlowMod {
        let commands: [FlowModCommand] = [
            .add, .add, .add, .modify, .modifyStrict, .delete, .deleteStrict,
        ]
        let command = commands[Int.random(in: 0..<commands.count, using: &numbers)]
        let table = UInt8.random(in: 0...2, using: &numbers)
        var mod = flowMod(
            command, table: command == .delete && table == 2 ? 255 : table,
            priority: UInt16.random(in: 1...3, using: &numbers),
            match: randomMatch(&numbers), output: UInt32.random(in: 1...4, using: &numbers),
            cookie: UInt64.random(in: 0...3, using: &numbers))
        mod.modifyCookie = Bool.random(using: &numbers)
        if command != .add && Int.random(in: 0..<4, using: &numbers) == 0 {
            mod.cookie = UInt64.random(in: 0...3, using: &numbers)
            mod.cookieMask = Bool.random(using: &numbers) ? .max : 1
        }
        if command == .delete && Bool.random(using: &numbers) {
            mod.outPort = UInt32.random(in: 1...4, using: &numbers)
        }
        return mod
    }

    private func randomMatch(_ numbers: inout SeededRandom) -> FlowMatch {
        switch Int.random(in: 0..<5, using: &numbers) {
        case 0: return FlowMatch()
        case 1: return ipMatch(0, bits: 0)
        case 2: return ipMatch(UInt32.random(in: 0...3, using: &numbers) << 24, bits: 8)
        default: return ipMatch(UInt32.random(in: 0...3, using: &numbers) << 24 | 1)
        }
    }

    /// The naive semantics.
    private func apply(_ mod: FlowMod, to model: inout [ModelFlow]) {
        guard case .output(let port, _)? = mod.actions.first else { return }
        func isChosen(_ flow: ModelFlow, strict: Bool) -> Bool {
            (mod.tableID == 255 || mod.tableID == flow.table)
                && (strict
                    ? flow.match == mod.match && flow.priority == mod.priority
                    : mod.match.covers(flow.match))
                && (flow.cookie ^ mod.cookie) & mod.cookieMask == 0
        }
        let new = ModelFlow(
            table: mod.tableID, priority: mod.priority, match: mod.match, port: port,
            cookie: mod.newCookie)
        switch mod.command {
        case .add:
            model.removeAll {
                $0.table == new.table && $0.match == new.match && $0.priority == new.priority
            }
            model.append(new)
        case .modify, .modifyStrict:
            let strict = mod.command == .modifyStrict
            var found = false
            for index in model.indices where isChosen(model[index], strict: strict) {
                found = true
                model[index].port = port
                if mod.modifyCookie { model[index].cookie = mod.newCookie }
            }
            if !found && mod.cookieMask == 0 {
                var add = mod
                add.command = .add
                apply(add, to: &model)
            }
        case .delete, .deleteStrict:
            model.removeAll {
                isChosen($0, strict: mod.command == .deleteStrict)
                    && (mod.outPort == ReservedPort.any || mod.outPort == $0.port)
            }
        }
    }

    private func compare(_ fixture: BridgeFixture, _ model: [ModelFlow], seed: Int, round: Int) {
        let flows = fixture.bridge.allRules(includingHidden: false).map { rule -> ModelFlow in
            var port: UInt32 = 0
            if case .output(let number, _)? = rule.actions.first { port = number }
            return ModelFlow(
                table: rule.table, priority: UInt16(rule.priority), match: rule.match, port: port,
                cookie: rule.cookie)
        }
        #expect(Set(flows) == Set(model), "seed \(seed), round \(round)")
        #expect(flows.count == model.count)
    }

    private func lookups(
        _ fixture: BridgeFixture, _ model: [ModelFlow], _ numbers: inout SeededRandom, seed: Int
    ) {
        for _ in 0..<8 {
            let table = UInt8.random(in: 0...2, using: &numbers)
            let address =
                UInt32.random(in: 0...3, using: &numbers) << 24
                | UInt32.random(in: 0...1, using: &numbers)
            let found = fixture.datapath.lookup(fixture.bridge, table: Int(table)) { key in
                key.store16(0x0800, at: FlowLayout.ethType)
                key.store32(address, at: FlowLayout.ipv4Destination)
            }
            let packet = ipMatch(address)
            let best = model.filter { $0.table == table && $0.match.covers(packet) }
                .map(\.priority).max()
            #expect(found.map { UInt16($0.priority) } == best, "seed \(seed)")
        }
    }
}
