// One named source of log messages. Obtained with `VLog.module(_:)`, kept in a `static let` by the
// code that logs. Any thread but a poll thread's packet path: a message that passes takes a lock
// and writes to files.

import Synchronization

/// A named source of log messages, with a level for each destination.
///
/// **Owner** any thread; the levels are atomics.
/// **Cost** a message below the level in force costs one relaxed load; its text is not built.
public final class VLogModule: Sendable {
    /// The name as users type it in `vlog/set`.
    public let name: String
    /// The log this module belongs to.
    public let log: VLog

    private let levels: [VLogDestination: Cell]
    private let threshold: Atomic<UInt8>
    private let rateLimits = Atomic<Bool>(true)

    /// One atomic level, boxed so that three of them can sit in a dictionary.
    final class Cell: Sendable {
        let value: Atomic<UInt8>
        init(_ level: VLogLevel) { value = Atomic(level.rawValue) }
    }

    init(name: String, log: VLog, levels: [VLogLevel], fileOpen: Bool) {
        self.name = name
        self.log = log
        var cells: [VLogDestination: Cell] = [:]
        for destination in VLogDestination.allCases {
            cells[destination] = Cell(levels[destination.rawValue])
        }
        self.levels = cells
        threshold = Atomic(VLogLevel.off.rawValue)
        updateThreshold(fileOpen: fileOpen)
    }

    /// The level in force for `destination`.
    public func level(of destination: VLogDestination) -> VLogLevel {
        guard let cell = levels[destination] else { return .off }
        return VLogLevel(rawValue: cell.value.load(ordering: .relaxed)) ?? .off
    }

    /// Whether rate limits apply (`vlog/disable-rate-limit` turns them off).
    public var honorsRateLimits: Bool {
        get { rateLimits.load(ordering: .relaxed) }
        set { rateLimits.store(newValue, ordering: .relaxed) }
    }

    /// Whether a message of `level` would go anywhere.
    public func isEnabled(_ level: VLogLevel) -> Bool {
        threshold.load(ordering: .relaxed) >= level.rawValue
    }

    func setLevel(_ level: VLogLevel, of destination: VLogDestination, fileOpen: Bool) {
        levels[destination]?.value.store(level.rawValue, ordering: .relaxed)
        updateThreshold(fileOpen: fileOpen)
    }

    /// Recomputes the highest level that goes anywhere; the file counts only while one is open.
    func updateThreshold(fileOpen: Bool) {
        var highest = VLogLevel.off
        for destination in VLogDestination.allCases where destination != .file || fileOpen {
            highest = max(highest, level(of: destination))
        }
        threshold.store(highest.rawValue, ordering: .relaxed)
    }
}

extension VLogModule {
    /// Logs a message at `level`, unless the level is off or `limit` says that it is one too many.
    public func message(
        _ level: VLogLevel, _ text: () -> String, limit: VLogRateLimit? = nil
    ) {
        guard isEnabled(level) else { return }
        if let limit, honorsRateLimits {
            switch limit.admit(nowMilliseconds: ControlClock.monotonicMilliseconds()) {
            case .drop: return
            case .pass: break
            case .passAfter(let dropped, let firstSeconds, let lastSeconds):
                log.write(
                    self, level,
                    "Dropped \(dropped) log messages in last \(firstSeconds) seconds (most "
                        + "recently, \(lastSeconds) seconds ago) due to excessive rate")
            }
        }
        log.write(self, level, text())
    }

    /// A message that the process is about to end.
    public func emer(_ text: @autoclosure () -> String) { message(.emer, text) }
    /// Something the user asked for could not be done.
    public func err(_ text: @autoclosure () -> String, limit: VLogRateLimit? = nil) {
        message(.err, text, limit: limit)
    }
    /// Something went wrong that the daemon recovers from.
    public func warn(_ text: @autoclosure () -> String, limit: VLogRateLimit? = nil) {
        message(.warn, text, limit: limit)
    }
    /// Something of note happened.
    public func info(_ text: @autoclosure () -> String, limit: VLogRateLimit? = nil) {
        message(.info, text, limit: limit)
    }
    /// For a developer alone.
    public func dbg(_ text: @autoclosure () -> String, limit: VLogRateLimit? = nil) {
        message(.dbg, text, limit: limit)
    }
}
