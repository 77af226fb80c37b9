// The `vlog/…` commands, and those that move the clock in tests. On the control loop.

extension UnixctlServer {
    /// Registers `vlog/set`, `vlog/list`, `vlog/list-pattern`, `vlog/reopen`, `vlog/close`,
    /// `vlog/enable-rate-limit` and `vlog/disable-rate-limit` for `log`.
    public func registerLogCommands(_ log: VLog = .shared) {
        register(
            "vlog/set", usage: "{spec | PATTERN:destination:pattern}", minArgs: 0, maxArgs: .max
        ) { arguments, reply in
            if arguments.isEmpty { log.setLevel(.dbg) }
            Self.answer(reply) { () throws(VLogError) in
                for spec in arguments { try log.apply(spec: spec) }
            }
        }
        register("vlog/list", usage: "", minArgs: 0, maxArgs: 0) { _, reply in
            reply.success(log.levelListing())
        }
        register("vlog/list-pattern", usage: "", minArgs: 0, maxArgs: 0) { _, reply in
            reply.success(log.patternListing())
        }
        register("vlog/reopen", usage: "", minArgs: 0, maxArgs: 0) { _, reply in
            Self.answer(reply) { () throws(VLogError) in try log.reopenFile() }
        }
        register("vlog/close", usage: "", minArgs: 0, maxArgs: 0) { _, reply in
            log.closeFile()
            reply.success()
        }
        for (verb, honored) in [("enable", true), ("disable", false)] {
            let name = "vlog/\(verb)-rate-limit"
            register(name, usage: "[module]...", minArgs: 0, maxArgs: .max) { arguments, reply in
                Self.answer(reply) { () throws(VLogError) in
                    if arguments.isEmpty { try log.setRateLimits(honored, module: nil) }
                    for module in arguments { try log.setRateLimits(honored, module: module) }
                }
            }
        }
    }

    /// Registers `time/stop` and `time/warp`, which `--enable-dummy` brings.
    public func registerTimeCommands(_ loop: ControlLoop) {
        var warping = false
        register("time/stop", usage: "", minArgs: 0, maxArgs: 0) { _, reply in
            loop.stopTime()
            reply.success()
        }
        register("time/warp", usage: "[large_msecs] msecs", minArgs: 1, maxArgs: 2) {
            arguments, reply in
            let numbers = arguments.map { Int64($0) ?? 0 }
            let step = numbers.last ?? 0
            let total = numbers.count > 1 ? numbers[0] : 0
            guard step > 0, total >= 0 else { return reply.error("invalid MSECS") }
            guard !warping else { return reply.error("A previous warp in progress") }
            warping = true
            Self.warp(loop, remaining: total == 0 ? step : total, step: step) {
                warping = false
                reply.success("warped")
            }
        }
    }

    /// Warps step by step, with a turn of the loop after each.
    private static func warp(
        _ loop: ControlLoop, remaining: Int64, step: Int64, done: @escaping () -> Void
    ) {
        loop.warpTime(byMilliseconds: min(step, remaining))
        loop.deferred {
            if remaining <= step {
                done()
            } else {
                warp(loop, remaining: remaining - step, step: step, done: done)
            }
        }
    }

    private static func answer(_ reply: UnixctlReply, _ body: () throws(VLogError) -> Void) {
        do {
            try body()
            reply.success()
        } catch {
            reply.error(error.message)
        }
    }
}
