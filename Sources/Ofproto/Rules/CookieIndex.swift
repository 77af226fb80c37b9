// The rules of a bridge by cookie, as lists that run through the rules: one rule a cookie or all
// rules under one cost the same.

/// Rules by cookie.
///
/// **Owner**: the control loop. The tables hold the strong references; a rule leaves this index
/// before
/// it leaves its table.
struct CookieIndex {
    private struct Head {
        unowned(unsafe) var rule: OFRule
    }
    private var heads: [UInt64: Head] = [:]

    mutating func insert(_ rule: OFRule) {
        rule.cookiePrevious = nil
        if let head = heads[rule.cookie] {
            rule.cookieNext = head.rule
            head.rule.cookiePrevious = rule
        } else {
            rule.cookieNext = nil
        }
        heads[rule.cookie] = Head(rule: rule)
    }

    mutating func remove(_ rule: OFRule) {
        let next = rule.cookieNext
        let previous = rule.cookiePrevious
        next?.cookiePrevious = previous
        if let previous {
            previous.cookieNext = next
        } else if let next {
            heads[rule.cookie] = Head(rule: next)
        } else {
            heads[rule.cookie] = nil
        }
        rule.cookieNext = nil
        rule.cookiePrevious = nil
    }

    /// Calls `body` with every rule of `cookie`.
    func forEach(_ cookie: UInt64, _ body: (OFRule) -> Void) {
        var rule = heads[cookie]?.rule
        while let current = rule {
            rule = current.cookieNext
            body(current)
        }
    }
}
