"""The traffic of the demo: every attempt with what should come of it and by which rule.

An attempt returns what its sender saw: whether it got through, and in which words. Whether that
agrees with the policy is for demo.py to judge, by the rules' counters too.
"""

import ftplib
import io
import socket
from dataclasses import dataclass, field

import forge
from lab.shell import run
from services import TEXT

# A lost packet is known by its missing answer: longer than any round trip here, shorter than the
# kernel's first retransmission.
PATIENCE = 0.6

# TCP ports that the services listen on: other connections in the table are FTP's data.
SERVICES = (21, 80, 5432)
# UDP ports whose datagrams no datagram answers.
UNANSWERED = (514, 33434)


@dataclass
class Attempt:
    """One thing that a workload tries."""

    sender: object
    target: object
    what: str
    action: object
    rule: str
    allowed: bool = True
    states: tuple = ()
    # Filled in when it has run:
    got_through: bool = False
    saw: str = ""
    hits: dict = field(default_factory=dict)

    def run(self):
        """Makes the attempt and notes what its sender saw."""
        try:
            self.got_through, self.saw = True, self.action()
        except (TimeoutError, NoAnswer):
            self.saw = "no answer"
        except ConnectionRefusedError:
            self.got_through, self.saw = True, "refused"
        except (OSError, EOFError, ftplib.Error) as error:
            self.saw = str(error) or "cut off"


class NoAnswer(Exception):
    """Nothing came back."""


def is_six(address):
    """Whether an address is of IPv6."""
    return ":" in address


def http_get(workload, address):
    """Fetches the page."""
    def get():
        with socket.create_connection((address, 80), timeout=PATIENCE) as stream:
            return ask_page(stream)
    return workload.call(get)


def ask_page(stream):
    """One request on an open stream."""
    stream.sendall(b"GET / HTTP/1.1\r\nHost: web\r\n\r\n")
    answer = b""
    while TEXT not in answer:
        part = stream.recv(4096)
        if not part:
            raise NoAnswer
        answer += part
    return answer.split(b"\r\n")[0].decode().replace("HTTP/1.1 ", "")


def query(workload, address, port=5432):
    """Asks the database for a row."""
    def ask():
        with socket.create_connection((address, port), timeout=PATIENCE) as stream:
            stream.sendall(b"select\n")
            return stream.recv(100).decode().strip()
    return workload.call(ask)


def connect(workload, address, port):
    """Opens a TCP connection and closes it."""
    def open_and_close():
        socket.create_connection((address, port), timeout=PATIENCE).close()
        return "connected"
    return workload.call(open_and_close)


def datagram(workload, address, port, answered=True):
    """Sends a datagram, and waits for the answer if there should be one."""
    def send():
        family = socket.AF_INET6 if is_six(address) else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            sender.settimeout(PATIENCE)
            sender.connect((address, port))
            sender.send(b"where is vedette?")
            return "echoed" if answered and sender.recv(100) else "sent"
    return workload.call(send)


def closed_port(workload, address):
    """Sends a datagram to a port where nobody listens: an ICMP error must come back."""
    try:
        datagram(workload, address, 33434)
    except ConnectionRefusedError:
        return "port unreachable"
    raise NoAnswer


def ping(workload, address):
    """One echo request."""
    words = ["ping", "-n", "-c1", "-W1", address]
    text = workload.shell(*words, check=False)
    if " 1 received" not in text:
        raise NoAnswer
    return "echo reply"


def ftp_get(workload, address):
    """Fetches a file by FTP, over a passive data connection."""
    def get():
        store = io.BytesIO()
        with ftplib.FTP(timeout=3) as client:
            client.connect(address)
            client.login("anonymous", "")
            client.retrbinary("RETR vedette.txt", store.write)
        if store.getvalue() != TEXT:
            raise NoAnswer
        return f"{len(TEXT)} bytes"
    return workload.call(get)


def forged(workload, packet, words):
    """Sends a forged packet. That it went no further shows in the counters alone."""
    workload.call(forge.send_ip, packet)
    raise OSError(words)


class LiveStream:
    """A real connection from client to web, and an attacker who writes into it."""

    def __init__(self, client, web):
        self.client = client
        self.web = web
        self.stream = None

    def open(self):
        """Opens the stream, asks for the page, and learns where the stream stands."""
        def begin():
            tap = forge.Tap()
            self.stream = socket.create_connection((self.web.address, 80), timeout=PATIENCE)
            status = ask_page(self.stream)
            self.source = self.stream.getsockname()
            self.target = (self.web.address, 80)
            self.sequence, self.acknowledgement = tap.position(self.source, self.target)
            return f"{status}, kept open"
        return self.client.call(begin)

    def go_on(self):
        """Asks again, over the same connection."""
        with self.stream:
            return ask_page(self.stream)

    def inject(self, ahead=0, acknowledges=0, payload=b""):
        """A segment out of place by so many bytes."""
        packet = forge.segment(
            self.source, self.target, self.sequence + ahead, self.acknowledgement + acknowledges,
            forge.ACK | (forge.PSH if payload else 0), payload)
        return forged(self.client, packet, "silence")


def all_attempts(web, database, client, intruder):
    """Every attempt, in order."""
    return (allowed(web, database, client) + denied(web, database, client)
            + by_intruder(web, database, client, intruder) + invalid(web, client))


def allowed(web, database, client):
    """What the security groups allow."""
    both = ("NEW", "ESTABLISHED")
    related = ("NEW", "RELATED")
    data = ("NEW", "ESTABLISHED", "RELATED")
    return [
        Attempt(client, web, "HTTP over IPv4", lambda: http_get(client, web.address),
                "web-http", states=both),
        Attempt(client, web, "HTTP over IPv6", lambda: http_get(client, web.address6),
                "web-http", states=both),
        Attempt(web, database, "a query over IPv4", lambda: query(web, database.address),
                "db-from-web", states=both),
        Attempt(web, database, "a query over IPv6", lambda: query(web, database.address6),
                "db-from-web", states=both),
        Attempt(client, web, "DNS by UDP, IPv4", lambda: datagram(client, web.address, 53),
                "web-udp", states=both),
        Attempt(client, web, "DNS by UDP, IPv6", lambda: datagram(client, web.address6, 53),
                "web-udp", states=both),
        Attempt(client, web, "syslog, unanswered",
                lambda: datagram(client, web.address, 514, answered=False),
                "web-udp", states=("NEW",)),
        Attempt(client, database, "ping", lambda: ping(client, database.address),
                "ping", states=both),
        Attempt(client, database, "ping over IPv6", lambda: ping(client, database.address6),
                "ping", states=both),
        Attempt(client, web, "FTP, data by PASV", lambda: ftp_get(client, web.address),
                "state-related-data", states=data),
        Attempt(client, web, "FTP, data by EPSV, IPv6", lambda: ftp_get(client, web.address6),
                "state-related-data", states=data),
        Attempt(client, web, "UDP to a closed port", lambda: closed_port(client, web.address),
                "state-related-error", states=related),
        Attempt(client, web, "the same over IPv6", lambda: closed_port(client, web.address6),
                "state-related-error", states=related),
    ]


def denied(web, database, client):
    """What no rule of the own tenant allows."""
    return [
        Attempt(client, database, "a query", lambda: query(client, database.address),
                "default-deny", allowed=False, states=("NEW",)),
        Attempt(client, database, "a query over IPv6", lambda: query(client, database.address6),
                "default-deny", allowed=False, states=("NEW",)),
        Attempt(client, web, "SSH", lambda: connect(client, web.address, 22),
                "default-deny", allowed=False, states=("NEW",)),
        Attempt(database, client, "a call home", lambda: connect(database, client.address, 443),
                "default-deny", allowed=False, states=("NEW",)),
    ]


def by_intruder(web, database, client, intruder):
    """What the other tenant tries: by its own name, then by others'."""
    as_client = forge.segment((client.address, 4444), (web.address, 80), 1, 0, forge.SYN)
    return [
        Attempt(intruder, web, "HTTP", lambda: http_get(intruder, web.address),
                "tenant-boundary", allowed=False),
        Attempt(intruder, web, "HTTP over IPv6", lambda: http_get(intruder, web.address6),
                "tenant-boundary", allowed=False),
        Attempt(intruder, database, "a query", lambda: query(intruder, database.address),
                "tenant-boundary", allowed=False),
        Attempt(intruder, client, "ping", lambda: ping(intruder, client.address),
                "tenant-boundary", allowed=False),
        Attempt(intruder, web, "a SYN in client's name",
                lambda: forged(intruder, as_client, "silence"),
                "forged-address", allowed=False),
        Attempt(intruder, web, "ARP: I am client",
                lambda: forge_arp(intruder, client), "forged-address", allowed=False),
    ]


def forge_arp(intruder, victim):
    """Claims the victim's address."""
    intruder.call(forge.send_false_arp, intruder.mac, victim.address)
    raise OSError("silence")


def invalid(web, client):
    """What belongs to no connection, in the middle of one that is alive."""
    live = LiveStream(client, web)
    stray = ((client.address, 40001), (web.address, 80))
    return [
        Attempt(client, web, "a stream stays open", live.open,
                "web-http", states=("NEW", "ESTABLISHED")),
        Attempt(client, web, "a segment out of window",
                lambda: live.inject(ahead=1 << 30, payload=b"evil"),
                "state-invalid", allowed=False, states=("INVALID",)),
        Attempt(client, web, "an ACK amid the stream",
                lambda: live.inject(acknowledges=1 << 30),
                "state-invalid", allowed=False, states=("INVALID",)),
        Attempt(client, web, "a SYN-ACK nobody asked for",
                lambda: forged(client, forge.segment(*stray, 1, 1, forge.SYN | forge.ACK),
                               "silence"),
                "state-invalid", allowed=False, states=("INVALID",)),
        Attempt(client, web, "an ACK of no stream",
                lambda: forged(client, forge.segment(*stray, 1, 1, forge.ACK), "silence"),
                "not-a-syn", allowed=False, states=("NEW",)),
        Attempt(client, web, "the stream goes on", live.go_on,
                "state-established", states=("ESTABLISHED",)),
    ]


def know_the_way(workloads):
    """Gives the intruder its victims' hardware addresses, which nobody would tell it."""
    intruder = workloads[-1]
    for victim in workloads[:-1]:
        for address in (victim.address, victim.address6):
            run("ip", "-n", intruder.name, "neigh", "replace", address, "lladdr", victim.mac,
                "dev", "eth0")
