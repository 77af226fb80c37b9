// From bytes to messages, and from messages to whoever they are for. The first fault ends the
// connection: a stream without delimiters can't be resynchronised, and a replica that missed an
// update is wrong.

extension OVSDBSession {
    /// Takes bytes that the server sent. What is due in return is in `takeOutput()` afterwards.
    public mutating func feed(_ bytes: some Collection<UInt8>) -> [SessionEvent] {
        guard isConnected else { return [] }
        isHeard = true
        framer.append(bytes)
        var events: [SessionEvent] = []
        do throws(JSONError) {
            while isConnected, let json = try framer.next() {
                do throws(JSONRPCError) {
                    events += receive(try JSONRPCMessage(json))
                } catch {
                    events += fail(.message(error))
                }
            }
        } catch {
            events += fail(.json(error))
        }
        return events
    }

    private mutating func receive(_ message: JSONRPCMessage) -> [SessionEvent] {
        do throws(OVSDBError) {
            switch message {
            case .request(let method, let params, let id):
                answer(method, params, id: id)
                return []
            case .notification(let method, let params):
                return try receiveNotification(method, params)
            case .reply(let result, let id):
                guard let purpose = takePending(id) else { return [] }
                return try receiveReply(result, to: purpose)
            case .error(let error, let id):
                guard let purpose = takePending(id) else { return [] }
                return receiveError(error, to: purpose)
            }
        } catch {
            // Whatever was half applied is replaced at the next connection.
            lastTransaction = nil
            return fail(.content(error))
        }
    }

    private mutating func answer(_ method: String, _ params: [JSONValue], id: JSONValue) {
        guard method == "echo" else {
            send(.error(error: .members(["error": "unknown method"]), id: id))
            return
        }
        send(.reply(result: .array(params), id: id))
    }

    private mutating func takePending(_ id: JSONValue) -> Pending? {
        guard let number = id.integerValue, let purpose = pending.removeValue(forKey: number)
        else { return nil }
        if case .transaction = purpose { transactionsPending -= 1 }
        return purpose
    }

    private mutating func receiveNotification(
        _ method: String, _ params: [JSONValue]
    ) throws(OVSDBError) -> [SessionEvent] {
        switch method {
        case "update", "update2", "update3":
            return try receiveUpdate(method, params)
        case "monitor_canceled":
            return try receiveCancellation(params)
        case "locked", "stolen":
            guard let lock = settings.lock, params.first == .string(lock) else { return [] }
            return setLock(owned: method == "locked")
        default:
            return []
        }
    }

    mutating func setLock(owned: Bool) -> [SessionEvent] {
        guard owned != hasLock else { return [] }
        hasLock = owned
        return [owned ? .lockAcquired : .lockLost]
    }
}
