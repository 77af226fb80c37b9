// The names of connection states as `dpctl/dump-conntrack` prints them.

import Conntrack
import Dpif
import Wire

extension ConntrackEntry {
    /// The state for `protoinfo=(state=…)`; nil for protocols without one.
    var stateText: String? {
        switch original.protocolNumber {
        case IPProtocol.tcp: return Self.tcpName(mergedTCPState)
        default: return nil
        }
    }

    /// One end of a TCP connection; nil for other protocols.
    func end(_ state: UInt8, scale: UInt8) -> ConnectionInfo.TCPEnd? {
        guard original.protocolNumber == IPProtocol.tcp else { return nil }
        var end = ConnectionInfo.TCPEnd(state: Self.tcpName(state))
        end.windowShift = scale & TCPPeer.shiftMask
        end.isLiberal = scale & TCPPeer.windowScaleUnknown != 0
        end.hasWindowScale = scale & TCPPeer.windowScaleKnown != 0
        return end
    }

    private static func tcpName(_ state: UInt8) -> String {
        switch state {
        case TCPState.closed: return "CLOSED"
        case TCPState.listen: return "LISTEN"
        case TCPState.synSent: return "SYN_SENT"
        case TCPState.synReceived: return "SYN_RECV"
        case TCPState.established: return "ESTABLISHED"
        case TCPState.closeWait: return "CLOSE_WAIT"
        case TCPState.finWait1: return "FIN_WAIT_1"
        case TCPState.closing: return "CLOSING"
        case TCPState.lastAck: return "LAST_ACK"
        case TCPState.finWait2: return "FIN_WAIT_2"
        default: return "TIME_WAIT"
        }
    }
}
