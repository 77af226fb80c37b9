// Paused packets: what `controller(pause)` leaves behind until NXT_RESUME comes. A bounded ring;
// the oldest give way. A handle carries a serial number, so a late resume finds nothing, not
// another's.

import Flow
import Pipeline

/// One paused judgement.
@frozen public struct Continuation {
    public var serial: UInt64 = 0
    public var frameCount: Int = 0
    public var stackCount: Int = 0
    public var actionSetCount: Int = 0
    public var bridge: UInt16 = 0
    /// When it was saved, in milliseconds.
    public var savedMilliseconds: UInt64 = 0
    public init() {}
}

/// Paused judgements of one engine.
///
/// **Shape**: 512 slots of frames, stack, action set and key.
@frozen public struct ContinuationTable {
    @inlinable public static var capacity: Int { 512 }
    static var framesMax: Int { 32 }
    static var stackMax: Int { 32 }
    static var actionSetMax: Int { 32 }

    public let slots: UnsafeMutablePointer<Continuation>
    let frames: UnsafeMutablePointer<ContinuationFrame>
    let stacks: UnsafeMutablePointer<StackEntry>
    let actionSets: UnsafeMutablePointer<Instruction>
    let keys: UnsafeMutableRawPointer
    let next: UnsafeMutablePointer<UInt64>

    public init() {
        slots = .allocate(capacity: Self.capacity)
        slots.initialize(repeating: Continuation(), count: Self.capacity)
        frames = .allocate(capacity: Self.capacity * Self.framesMax)
        stacks = .allocate(capacity: Self.capacity * Self.stackMax)
        actionSets = .allocate(capacity: Self.capacity * Self.actionSetMax)
        keys = .allocate(byteCount: Self.capacity * FlowLayout.byteCount, alignment: 64)
        next = .allocate(capacity: 1)
        next.pointee = 1
    }

    /// Numbers what is paused from here on as this thread's, so that no other thread has the same.
    public func numberFrom(thread: Int) { next.pointee = UInt64(thread) << 48 | 1 }

    /// Saves the paused judgement of `s`; 0 if it is too large to keep.
    func save(_ s: UnsafeMutablePointer<InterpreterState>) -> UInt64 {
        let frameCount = s.pointee.frameCount &- s.pointee.frameBase
        let setStart = s.pointee.actionSetBase &+ s.pointee.actionSetExecuting
        let setCount = s.pointee.actionSetCount &- setStart
        guard frameCount <= Self.framesMax, s.pointee.stackCount <= Self.stackMax,
            setCount <= Self.actionSetMax
        else { return 0 }
        let serial = next.pointee
        next.pointee &+= 1
        let slot = Int(serial % UInt64(Self.capacity))
        slots[slot].serial = serial
        slots[slot].frameCount = frameCount
        slots[slot].stackCount = s.pointee.stackCount
        slots[slot].actionSetCount = setCount
        slots[slot].bridge = s.pointee.bridge.pointee.index
        slots[slot].savedMilliseconds = s.pointee.now
        for index in 0..<frameCount {
            frames[slot &* Self.framesMax &+ index] =
                s.pointee.frames[s.pointee.frameBase &+ index]
        }
        for index in 0..<s.pointee.stackCount {
            stacks[slot &* Self.stackMax &+ index] = s.pointee.stack[index]
        }
        for index in 0..<setCount {
            actionSets[slot &* Self.actionSetMax &+ index] =
                s.pointee.actionSet[setStart &+ index]
        }
        (keys + slot &* FlowLayout.byteCount).copyMemory(
            from: s.pointee.key.base, byteCount: FlowLayout.byteCount)
        return serial
    }

    /// Frames point into programs, which are freed no sooner than six seconds after their rule
    /// went: a continuation that is older than this may point to nothing, and is refused.
    static var lifetimeMilliseconds: UInt64 { 5_000 }

    /// The slot of `serial`, if it is still there and not too old.
    func slot(of serial: UInt64, now: UInt64) -> Int? {
        let slot = Int(serial % UInt64(Self.capacity))
        guard serial != 0, slots[slot].serial == serial,
            now &- slots[slot].savedMilliseconds < Self.lifetimeMilliseconds
        else { return nil }
        return slot
    }

    func frames(_ slot: Int) -> UnsafeMutablePointer<ContinuationFrame> {
        frames + slot &* Self.framesMax
    }

    /// Puts stack and action set back.
    func restore(_ slot: Int, into s: UnsafeMutablePointer<InterpreterState>) {
        s.pointee.stackCount = slots[slot].stackCount
        for index in 0..<slots[slot].stackCount {
            s.pointee.stack[index] = stacks[slot &* Self.stackMax &+ index]
        }
        s.pointee.actionSetCount = slots[slot].actionSetCount
        for index in 0..<slots[slot].actionSetCount {
            s.pointee.actionSet[index] = actionSets[slot &* Self.actionSetMax &+ index]
        }
    }

    /// Forgets every continuation: rules they point into are being freed.
    public func removeAll() {
        for index in 0..<Self.capacity { slots[index].serial = 0 }
    }
}
