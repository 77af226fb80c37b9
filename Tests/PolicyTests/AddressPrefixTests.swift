// Addresses and prefixes as text.

import Testing

@testable import Policy

@Suite struct AddressPrefixTests {
    @Test(arguments: [
        "10.0.0.1", "10.0.0.0/8", "0.0.0.0/0", "fd00::1", "::", "::1", "fe80::/10",
        "1:2:3:4:5:6:7:8",
        "1:0:0:4::8", "2001:db8::/32",
    ])
    func readsBackWhatItPrints(_ text: String) {
        #expect(AddressPrefix(text)?.description == text)
    }

    @Test(arguments: [
        "", "10.0.0", "10.0.0.256", "10.0.0.1/33", "10.0.0.1/", "fd00", ":", "1::2::3", "::/129",
        "g::", "1.2.3.4.5", "10.0.0.01x", "1:2:3:4:5:6:7:8:9", " 10.0.0.1",
    ])
    func refusesWhatIsNone(_ text: String) {
        #expect(AddressPrefix(text) == nil)
    }

    @Test func hasNoBitsBehindThePrefix() {
        #expect(AddressPrefix("10.1.2.3/8") == AddressPrefix("10.0.0.0/8"))
        #expect(AddressPrefix("fd00::1/64")?.description == "fd00::/64")
    }

    @Test func makesLinkLocalAddresses() {
        #expect(AddressPrefix(linkLocalOf: 0x0200_0000_0001).description == "fe80::ff:fe00:1")
        let other = AddressPrefix(linkLocalOf: 0xfa16_3e12_3456)
        #expect(other.description == "fe80::f816:3eff:fe12:3456")
    }
}
