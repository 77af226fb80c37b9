"""The few values from which both rules and packets are drawn, so that they meet often."""

from packets import ip, ip6, mac

MACS = [mac(number) for number in range(1, 7)]
GROUP_MACS = [b"\xff" * 6, bytes.fromhex("01005e000005"), bytes.fromhex("3333ff000001"),
              bytes.fromhex("0180c2000000")]
IPS = [ip(f"10.0.{net}.{host}") for net in (0, 1) for host in range(1, 5)]
OTHER_IPS = [ip("192.168.7.9"), ip("224.0.0.5"), ip("255.255.255.255"), ip("0.0.0.0")]
NAT_IPS = ["10.9.0.1", "10.9.0.2"]
IP6S = [ip6(number) for number in range(1, 6)]
OTHER_IP6S = [ip6(1, b"\xfe\x80"), bytes.fromhex("ff0200000000000000000001ff000001"), bytes(16)]
NAT_IP6S = ["fd09::1", "fd09::2"]
SERVICES = [21, 53, 69, 80, 443, 1000, 1024, 8080]
CLIENT_PORTS = [1025, 2000, 40000, 40001, 65535]
VLANS = [10, 20, 30]
LABELS = [16, 17, 100]
ZONES = [0, 1, 2, 7, 65535]
PORT_NUMBERS = [1, 2, 3, 4, 5]
