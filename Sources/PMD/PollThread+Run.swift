// What a poll thread does: polls its receive queues, runs the engine, empties the outbox, sweeps,
// and sleeps when there is nothing to do. While it waits, for packets or for the control room, it
// waits in the kernel: neither kind of waiting takes time from others.

import Bounded
import CIntrinsics
import Conntrack
import DPDK
import Datapath
import Dpif
import Glibc
import PacketBuffer

/// Which queues a turn polls.
private enum TurnScope { case all, polled }

extension PollThread {
    func run() {
        let epochs = shared.pointee.epochs
        let number = shared.pointee.number
        var pinned: Int32 = -1
        setName()
        var isRegistered = false
        var idleTurns = 0
        var lastSweep: UInt64 = 0
        var isBehind = false
        var lastPacket = shared.pointee.clock.now()
        var scope = TurnScope.all
        epochs.goOnline(number)
        while vd_load_acquire32(stopWord) == 0 {
            if vd_load_acquire32(holdWord) != 0 { park() }
            if shared.pointee.cpu != pinned {
                pinned = shared.pointee.cpu
                _ = vd_pin_thread(pinned)
                setName()
            }
            if shared.pointee.usesDPDK != isRegistered {
                isRegistered = true
                DPDKRuntime.registerThread()
            }
            let now = shared.pointee.clock.now()
            let received = turn(now: now, scope, isBusy: idleTurns == 0)
            epochs.quiesce(number)
            if received > 0 {
                idleTurns = 0
                lastPacket = now
            } else {
                idleTurns &+= 1
            }
            let isIdle = idleTurns > 200
            // Between naps the sweep gets a hundredth of the time at most.
            if now != lastSweep && (isIdle ? now &- lastSweep >= 10 : received == 0
                || now &- lastSweep >= 2)
            {
                lastSweep = now
                isBehind = sweep(now: now, budget: idleTurns > 64 ? 4096 : 256)
            } else if isBehind {
                // More than a turn can make, so that what expires never piles up.
                isBehind = expireConnections(now: now, budget: 128)
            }
            scope = isIdle ? sleep(idleMilliseconds: now &- lastPacket) : .all
        }
        epochs.goOffline(number)
        if isRegistered { DPDKRuntime.unregisterThread() }
    }

    /// Names the thread as Open vSwitch names its own, for top(1) and its like.
    private func setName() {
        let core = max(Int(shared.pointee.cpu), 0)
        let number = shared.pointee.number
        vd_name_thread("pmd-c\(core < 10 ? "0" : "")\(core)/id:\(number)")
    }

    /// Polls every queue of the scope once; returns how many packets came. While packets keep
    /// coming (`isBusy`), a queue with a descriptor that had none is left alone for a while: to ask
    /// the kernel costs as much as ten packets. A queue that took more than its share waits, but
    /// not longer than others have packets.
    @inline(__always)
    private func turn(now: UInt64, _ scope: TurnScope, isBusy: Bool) -> Int {
        let s = shared
        let started = vd_rdtsc()
        var total = 0
        var began = started
        var held = -1
        let end = scope == .all ? s.pointee.queueCount : s.pointee.polledCount
        for index in 0..<end {
            let queue = s.pointee.queues + index
            if isBusy && began < queue.pointee.quietUntil { continue }
            if began < queue.pointee.heldUntil {
                let isFirst =
                    held < 0 || queue.pointee.heldUntil < s.pointee.queues[held].heldUntil
                if isFirst { held = index }
                continue
            }
            total &+= serve(index, now: now, &began)
        }
        if total == 0 && held >= 0 { total = serve(held, now: now, &began) }
        s.pointee.turns &+= 1
        if total > 0 {
            s.pointee.busyTurns &+= 1
            s.pointee.busyCycles &+= began &- started
            notify()
        } else {
            s.pointee.idleCycles &+= vd_rdtsc() &- started
        }
        return total
    }

    /// Takes what one queue has, at most a batch, through the engine; returns how many packets.
    /// `began` is the time-stamp counter before, and after if there were any.
    @inline(__always)
    private func serve(_ index: Int, now: UInt64, _ began: inout UInt64) -> Int {
        let s = shared
        let queue = s.pointee.queues + index
        let count = queue.pointee.device.receive(
            into: s.pointee.batch, queue: queue.pointee.queue)
        guard count > 0 else {
            if index >= s.pointee.polledCount {
                queue.pointee.quietUntil = began &+ PollThread.quietCycles
            }
            return 0
        }
        queue.pointee.packets &+= UInt64(count)
        if let policer = queue.pointee.policer { police(s.pointee.batch, policer, now: now) }
        let before = s.pointee.engine.effort
        s.pointee.engine.process(s.pointee.batch, now: now)
        transmit(now: now)
        let ended = vd_rdtsc()
        queue.pointee.cycles &+= ended &- began
        let wait = wait(since: before, s.pointee.engine.effort, count: count)
        if wait > 0 { queue.pointee.heldUntil = ended &+ (ended &- began) &* wait }
        began = ended
        return count
    }

    /// How many times as long as its packets took a queue waits while others have packets: what is
    /// over its port's budget gets a fiftieth of the time, and what mostly has to be judged no more
    /// than known flows of other queues.
    @inline(__always)
    private func wait(
        since before: (judged: UInt64, refused: UInt64),
        _ after: (judged: UInt64, refused: UInt64), count: Int
    ) -> UInt64 {
        if after.refused != before.refused { return 49 }
        if (after.judged &- before.judged) &* 2 <= UInt64(count) {
            shared.pointee.knownTurn = shared.pointee.turns
            return 0
        }
        return shared.pointee.turns &- shared.pointee.knownTurn <= 2 ? 1 : 0
    }

    /// Drops what a port may not send into the switch.
    @inline(never)
    private func police(_ batch: PacketBatch, _ policer: Policer, now: UInt64) {
        batch.count = kept(batch.packets, count: batch.count, policer, now: now)
    }

    /// How many of `packets` a policer lets pass; the others, which come last, are dropped.
    @inline(never)
    private func kept(
        _ packets: UnsafeMutablePointer<PacketBuffer>, count: Int, _ policer: Policer, now: UInt64
    ) -> Int {
        let passed = policer.sift(packets, count: count, now: now)
        let state = shared.pointee.engine.state
        for _ in passed..<count { state.pointee.counters.drop(.policed) }
        if passed < count { state.pointee.pool.free(packets + passed, count: count &- passed) }
        return passed
    }

    /// Sends what the outbox holds.
    func transmit(now: UInt64) {
        let outbox = shared.pointee.engine.state.pointee.outbox
        let number = shared.pointee.number
        let dirty = outbox.dirtyCount.pointee
        for position in 0..<dirty {
            let port = Int(outbox.dirty[position])
            var count = Int(outbox.counts[port])
            outbox.counts[port] = 0
            guard let row = outbox.rows[port] else { continue }
            if let policer = shared.pointee.egressPolicers[port] {
                count = kept(row, count: count, policer, now: now)
            }
            if let device = shared.pointee.devices[port] {
                shared.pointee.sentPackets &+= UInt64(count)
                shared.pointee.sentBatches &+= 1
                device.transmit(row, count: count, queue: number)
            } else {
                shared.pointee.engine.state.pointee.pool.free(row, count: count)
            }
        }
        outbox.dirtyCount.pointee = 0
    }

    /// Wakes the control room if events wait.
    func notify() {
        guard !shared.pointee.engine.state.pointee.events.isEmpty else { return }
        if vd_exchange32(signalWord, 1) == 0 {
            var one: UInt64 = 1
            _ = write(shared.pointee.eventDescriptor, &one, 8)
        }
    }

    /// Gives up what has become old, a bounded piece of it; true if expired connections may be
    /// left. The thread, or the control room while it holds the thread.
    @discardableResult
    func sweep(now: UInt64, budget: Int) -> Bool {
        let engine = shared.pointee.engine
        engine.sweep(now: now, budget: budget)
        let isBehind = expireConnections(now: now, budget: budget)
        if shared.pointee.number == 0 { engine.expireFragments(now: now) }
        notify()
        return isBehind
    }

    /// Ends connections whose time is over; true if more may be left.
    private func expireConnections(now: UInt64, budget: Int) -> Bool {
        // One thread is always there: the first.
        guard shared.pointee.number == 0 else { return false }
        let conntrack = shared.pointee.engine.state.pointee.conntrack
        return conntrack.expire(now: now, budget: budget) == budget
    }

    /// Waits until the control room, which has asked for it, lets the thread go on.
    private func park() {
        shared.pointee.epochs.goOffline(shared.pointee.number)
        vd_store_release32(stateWord, PollState.parked)
        vd_wake32(stateWord)
        var spins = 0
        while vd_load_acquire32(stateWord) == PollState.parked {
            spins += 1
            // Most holds are shorter than a switch of threads and back.
            if spins < 256 {
                vd_pause()
            } else {
                vd_wait32(stateWord, PollState.parked, 100_000)
            }
        }
        shared.pointee.epochs.goOnline(shared.pointee.number)
    }

    /// Sleeps until a queue has packets, or for a nap where a device must be polled; the naps grow
    /// as nothing comes. Returns what has to be polled then.
    private func sleep(idleMilliseconds: UInt64) -> TurnScope {
        let mustPoll = shared.pointee.polledCount > 0
        let most = shared.pointee.sleepMicrosecondsMax
        if mustPoll && most == 0 { return .all }
        let began = vd_rdtsc()
        shared.pointee.epochs.goOffline(shared.pointee.number)
        vd_store_release32(stateWord, PollState.asleep)
        vd_fence()
        if vd_load_acquire32(holdWord) != 0 { vd_wake32(stateWord) }
        // A sixteenth of the silence so far, up to a millisecond; then a thousandth of it. What
        // ends the silence waits that much longer at most.
        let share = min(max(20, idleMilliseconds &* 62), max(1000, idleMilliseconds))
        let nap = mustPoll ? min(share, most) : 100_000
        let ready = vd_epoll_wait(shared.pointee.epoll, nap)
        while !vd_cas32(stateWord, PollState.asleep, PollState.running) {
            vd_wait32(stateWord, PollState.held, 100_000)
        }
        shared.pointee.epochs.goOnline(shared.pointee.number)
        shared.pointee.sleeps &+= 1
        shared.pointee.sleepCycles &+= vd_rdtsc() &- began
        return ready == 0 && mustPoll ? .polled : .all
    }
}
