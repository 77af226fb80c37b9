// The error table: the forms of one error in each version, and that every form reads back.

import OpenFlow
import Testing

@Suite struct OpenFlowErrorTests {
    @Test("A Nicira error is nested in 1.0, standard or an experimenter's later")
    func forms() throws {
        func body(_ code: OpenFlowErrorCode, _ version: OpenFlowVersion) -> [UInt8] {
            var writer = ByteWriter()
            code.encodeBody(version: version, into: &writer)
            return writer.bytes
        }
        #expect(
            body(.ofpbmcBadPrereq, .v1_0)
                == [0xb0, 0xc2, 0, 0, 0, 0, 0x23, 0x20, 0, 1, 0x01, 0x04])
        #expect(body(.ofpbmcBadPrereq, .v1_3) == [0, 4, 0, 9])
        #expect(body(.nxbacMustBeZero, .v1_3) == [0xff, 0xff, 0, 11, 0, 0, 0x23, 0x20])
        #expect(body(.ofpbicDupInst, .v1_3) == [0xff, 0xff, 0x0a, 0x28, 0x4f, 0x4e, 0x46, 0])
        #expect(body(.ofpbfcBadId, .v1_4) == [0, 17, 0, 2])
        // What a version cannot say becomes NXBRC_UNENCODABLE_ERROR.
        #expect(body(.ofpbfcBadId, .v1_2) == [0xff, 0xff, 0, 10, 0, 0, 0x23, 0x20])
    }

    @Test("Each error in each version that has it reads back, to itself or its elder twin")
    func roundTrip() throws {
        for code in OpenFlowErrorCode.allCases {
            #expect(OpenFlowErrorCode(name: code.name) == code)
            for version in OpenFlowVersion.allCases {
                guard let wire = code.wire(in: version) else { continue }
                var writer = ByteWriter()
                code.encodeBody(version: version, into: &writer)
                var reader = ByteReader(writer.bytes)
                let read = try OpenFlowErrorCode.decodeBody(version: version, from: &reader)
                #expect(read?.wire(in: version) == wire, "\(code.name) \(version)")
                #expect(reader.isAtEnd)
            }
        }
    }

    @Test("A body cut short throws, whatever its length")
    func truncation() {
        for count in 0..<4 {
            var reader = ByteReader([UInt8](repeating: 0xff, count: count))
            #expect(throws: OpenFlowError(.ofpbrcBadLen)) {
                try OpenFlowErrorCode.decodeBody(version: .v1_3, from: &reader)
            }
        }
    }
}
