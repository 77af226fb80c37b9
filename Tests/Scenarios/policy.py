"""Security groups: real workloads, denied packets throughout, and what must not be lost."""

import json
import os
import socket
import threading
import time

from harness import eventually
from lab.shell import run, succeeds

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXAMPLE = f"{ROOT}/docs/examples/web-and-database.yaml"


def tests():
    """The tests of this file."""
    return [
        ("policy: the example of the documents", example),
        ("policy: default deny, replies, and revoking in both directions", revoking),
        ("policy: a port without a policy forwards nothing", nameless),
        ("policy: no denied packet passes while everything is exchanged", exchanges),
        ("policy: no denied packet passes while the daemon restarts", restarts),
        ("policy: patches, kept over a restart", patches),
        ("policy: a bad file changes nothing", bad_files),
        ("policy: never two masters", two_masters),
        ("policy: what controllers see", hidden),
        ("policy: sources that are not the workload's", spoofing),
    ]


class Shop:
    """Three workloads on a bridge that switches by itself."""

    def __init__(self, context, embedded=False):
        self.context = context
        self.lab = context.laboratory(embedded=embedded)
        self.switch = self.lab.switch
        self.vedette = os.path.join(os.path.dirname(context.binary), "vedette")
        self.switch.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev")
        self.web = self.add("web", 1)
        self.database = self.add("database", 2)
        self.client = self.add("client", 3)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.finish(self.lab)

    def add(self, name, number):
        """A workload whose iface-id is `port-NAME`."""
        workload = self.lab.add(name, f"02:00:00:00:00:0{number}", f"10.2.0.{number}/24",
                                f"fd02::{number}/64")
        self.switch.vsctl("add-port", "br0", name, "--", "set", "interface", name,
                          f"ofport_request={number}", f"external_ids:iface-id=port-{name}")
        return workload

    def sg(self, *words, check=True, text=None):
        """Runs `vedette sg`."""
        return run(self.vedette, "sg", *words, environment=self.switch.environment, check=check,
                   text=text)

    def apply(self, document):
        """Applies a document."""
        return self.sg("apply", "-", text=json.dumps(document))


def document(rules, others=()):
    """A policy of the shop: `rules` hold for the web server, everyone may send."""
    def port(name, number, groups):
        return {"id": f"port-{name}", "mac_address": f"02:00:00:00:00:0{number}",
                "fixed_ips": [{"ip_address": f"10.2.0.{number}"},
                              {"ip_address": f"fd02::{number}"}],
                "security_groups": groups}
    out = [{"direction": "egress", "ethertype": family, "id": f"out-{family}",
            "security_group_id": "out"} for family in ("IPv4", "IPv6")]
    return {
        "security_groups": [{"id": "web"}, {"id": "out"}, {"id": "none"}],
        "security_group_rules": out + [dict(rule, security_group_id="web") for rule in rules],
        "ports": [port("web", 1, ["web"]), port("database", 2, ["none"]),
                  port("client", 3, ["out"])] + list(others),
    }


def tcp(port, name=None):
    """A rule that lets TCP to `port` in."""
    return {"id": name or f"tcp-{port}", "direction": "ingress", "protocol": "tcp",
            "port_range_min": port, "port_range_max": port}


def udp(port):
    """A rule that lets UDP to `port` in."""
    return dict(tcp(port, f"udp-{port}"), protocol="udp")


class Listener:
    """Counts UDP datagrams that arrive at a port, in any number of workloads' namespaces."""

    def __init__(self, workload, port):
        self.count = 0
        self.last = None
        self.socket = workload.call(self._open, workload.address, port)
        self.ended = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    @staticmethod
    def _open(address, port):
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.bind((address, port))
        opened.settimeout(0.1)
        return opened

    def _run(self):
        while not self.ended:
            try:
                self.socket.recvfrom(2048)
                self.count += 1
                self.last = time.monotonic()
            except socket.timeout:
                pass
            except OSError:
                return

    def close(self):
        """Stops and returns how many came."""
        self.ended = True
        self.thread.join()
        self.socket.close()
        return self.count


class Sender:
    """Sends UDP datagrams all the time."""

    def __init__(self, workload, address, port, source=0, interval=0.0005):
        self.sent = 0
        self.ended = False
        self.interval = interval
        self.target = (address, port)
        self.socket = workload.call(socket.socket, socket.AF_INET, socket.SOCK_DGRAM)
        if source:
            self.socket.bind(("", source))
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.ended:
            try:
                self.socket.sendto(b"x" * 64, self.target)
                self.sent += 1
            except OSError:
                pass
            time.sleep(self.interval)

    def close(self):
        """Stops and returns how many were sent."""
        self.ended = True
        self.thread.join()
        self.socket.close()
        return self.sent


def learn(shop):
    """Static neighbours, so that nothing is lost to their discovery."""
    for one in (shop.web, shop.database, shop.client):
        for other in (shop.web, shop.database, shop.client):
            if one is not other:
                one.shell("ip", "neigh", "replace", other.address, "lladdr", other.mac, "dev",
                          "eth0")


def connects(workload, address, port, seconds=1.0):
    """Whether a TCP connection comes about."""
    def attempt():
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as made:
            made.settimeout(seconds)
            try:
                made.connect((address, port))
                return True
            except OSError:
                return False
    return workload.call(attempt)


def serve(workload, port):
    """A TCP server that echoes; returns its socket."""
    def listen():
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((workload.address, port))
        made.listen(16)
        return made

    def echo(connection):
        with connection:
            while True:
                try:
                    data = connection.recv(4096)
                except OSError:
                    return
                if not data:
                    return
                connection.sendall(data)

    def accept(listening):
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=echo, args=(connection,), daemon=True).start()

    made = workload.call(listen)
    threading.Thread(target=accept, args=(made,), daemon=True).start()
    return made


def pings(workload, address):
    """Whether an echo comes back."""
    return succeeds(*workload.words("ping", "-n", "-c1", "-W1", address))


def example(context):
    """The documents' example does what it says; explain and who say the same."""
    with Shop(context) as shop:
        shop.sg("apply", EXAMPLE)
        servers = [serve(shop.web, 80), serve(shop.web, 81), serve(shop.web, 23),
                   serve(shop.database, 5432)]
        client, web, database = shop.client, shop.web, shop.database
        assert connects(client, web.address, 80), shop.sg("show") + shop.sg("who", "web")
        assert not connects(client, web.address, 81)
        assert not connects(client, web.address, 23)
        assert connects(client, database.address, 5432)
        assert connects(web, database.address, 5432)
        assert not connects(database, web.address, 80), "the database group has no egress rule"
        assert pings(client, web.address) and not pings(client, database.address)
        assert not pings(web, client.address), "only members of the default group"
        text = shop.sg("explain", "web", "tcp", "10.2.0.3:80", "--from")
        assert "allowed by rule web-http of group web" in text, text
        text = shop.sg("explain", "port-web", "tcp", "10.2.0.3:23", "--from")
        assert "denied by rule no-telnet of group operator" in text, text
        text = shop.sg("explain", "database", "tcp", "10.2.0.1:80")
        assert "default deny" in text, text
        text = shop.sg("who", "web")
        line = next(line for line in text.splitlines() if "web-http" in line)
        assert ": 0 packets" not in line, text
        assert "no-telnet" in shop.sg("list")
        watched = shop.sg("watch", "--seconds", "0")
        assert watched == "", watched
        for server in servers:
            server.close()


def revoking(context):
    """A removed rule stops a live connection both ways, also an idle one; others go on."""
    with Shop(context) as shop:
        learn(shop)
        shop.apply(document([tcp(80), tcp(81), udp(9000)]))
        servers = [serve(shop.web, 80), serve(shop.web, 81)]
        listener = Listener(shop.web, 9000)

        def opened(port):
            made = socket.create_connection((shop.web.address, port), 2)
            made.settimeout(1)
            return made
        cut, idle, kept = (shop.client.call(opened, port) for port in (80, 80, 81))
        stream = Sender(shop.client, shop.web.address, 9000)
        for one in (cut, idle, kept):
            one.sendall(b"hello")
            assert one.recv(16) == b"hello"
        eventually(lambda: listener.count > 10, "no datagram")
        text = shop.sg("diff", "-", text=json.dumps(document([tcp(81)])))
        assert "- rule tcp-80" in text and "- rule udp-9000" in text, text
        assert "live connections that would be cut: 3" in text, text
        begun = time.monotonic()
        shop.apply(document([tcp(81)]))
        time.sleep(1)
        assert listener.last < begun + 1, "datagrams went on for a second"
        before = listener.count
        for one in (cut, idle):
            one.sendall(b"again")
            try:
                assert not one.recv(16)
            except socket.timeout:
                pass
        kept.sendall(b"kept")
        assert kept.recv(16) == b"kept"
        stream.close()
        assert listener.close() == before, "a datagram came late"
        # A connection that the rule let begin the other way: the web server may no longer answer.
        text = shop.sg("watch", "--seconds", "1")
        assert isinstance(text, str)
        for one in [cut, idle, kept] + servers:
            one.close()


def nameless(context):
    """Without a policy all is as ever; with one, a port that it does not name is closed."""
    with Shop(context) as shop:
        eventually(lambda: pings(shop.client, shop.web.address), "no first ping")
        assert "none" in shop.sg("show")
        small = document([])
        small["ports"] = [port for port in small["ports"] if port["id"] != "port-database"]
        shop.apply(small)
        assert not pings(shop.client, shop.database.address)
        assert not pings(shop.database, shop.client.address)
        assert "closed" in shop.sg("show")
        # One that is added under traffic is closed from its first packet on.
        late = shop.lab.add("late", "02:00:00:00:00:04", "10.2.0.4/24", "fd02::4/64")
        heard = Listener(shop.client, 9000)
        late.shell("ip", "neigh", "replace", shop.client.address, "lladdr", shop.client.mac, "dev",
                   "eth0")
        stream = Sender(late, shop.client.address, 9000)
        for _ in range(5):
            shop.switch.vsctl("add-port", "br0", "late", "--", "set", "interface", "late",
                              "external_ids:iface-id=port-late")
            time.sleep(0.2)
            shop.switch.vsctl("del-port", "br0", "late")
        assert stream.close() > 100
        assert heard.close() == 0


def exchanges(context):
    """Every rule is exchanged again and again; what is denied throughout is never heard, and what
    is allowed throughout loses nothing."""
    with Shop(context) as shop:
        learn(shop)
        always = [udp(9000)]
        shop.apply(document(always))
        allowed, denied = Listener(shop.web, 9000), Listener(shop.web, 9001)
        closed = Listener(shop.database, 9000)
        good = Sender(shop.client, shop.web.address, 9000)
        senders = [Sender(shop.client, shop.web.address, 9001),
                   Sender(shop.client, shop.database.address, 9000)]
        eventually(lambda: allowed.count > 10, "no datagram")
        for turn in range(30):
            # The allowed stream is by another rule each time; all other rules are new.
            rules = [dict(udp(9000), id=f"good-{turn}")]
            rules += [dict(udp(10_000 + turn * 100 + number)) for number in range(100)]
            shop.apply(document(rules))
        sent = good.close()
        time.sleep(0.3)
        assert sum(sender.close() for sender in senders) > 1000
        assert denied.close() == 0 and closed.close() == 0
        assert allowed.close() == sent, f"{sent} sent"


def restarts(context):
    """The daemon ends, is killed and starts again, in a storm of packets that it must deny."""
    with Shop(context) as shop:
        learn(shop)
        shop.apply(document([udp(9000)]))
        allowed, denied = Listener(shop.web, 9000), Listener(shop.web, 9001)
        closed = Listener(shop.database, 9000)
        senders = [Sender(shop.client, shop.web.address, port) for port in (9000, 9001)]
        senders.append(Sender(shop.client, shop.database.address, 9000))
        for end in (shop.switch.kill, shop.switch.stop_daemon, shop.switch.kill):
            eventually(lambda: allowed.count > 10, "no datagram")
            end()
            time.sleep(0.2)
            allowed.count = 0
            shop.switch.start_daemon()
        eventually(lambda: allowed.count > 10, "no datagram after a restart")
        # A file that can't be read closes all.
        shop.switch.stop_daemon()
        path = f"{shop.lab.directory}/vedette-policy.json"
        with open(path, "r+", encoding="utf-8") as file:
            file.write("!")
        shop.switch.start_daemon()
        time.sleep(1)
        allowed.count = 0
        time.sleep(1)
        assert allowed.count == 0
        assert "unreadable" in shop.sg("show")
        shop.apply(document([udp(9000)]))
        eventually(lambda: allowed.count > 10, "no datagram under a new policy")
        for sender in senders:
            sender.close()
        assert denied.close() == 0 and closed.close() == 0
        allowed.close()


def patches(context):
    """Single rules come and go, also over a restart, and errors of allowed connections come back."""
    with Shop(context) as shop:
        learn(shop)
        shop.apply(document([tcp(80)]))
        servers = [serve(shop.web, port) for port in (80, 81)]

        def opens():
            return [connects(shop.client, shop.web.address, port, 0.5) for port in (80, 81)]
        assert opens() == [True, False]
        more = {"security_group_rules": [dict(tcp(81), security_group_id="web"),
                                         dict(udp(9000), security_group_id="web")]}
        shop.sg("patch", "-", text=json.dumps(more))
        assert opens() == [True, True]
        shop.sg("patch", "--delete-rule", "tcp-80")
        assert opens() == [False, True]

        def refused():
            # RELATED: the port is unreachable, and nobody listens there.
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
                made.settimeout(1)
                made.connect((shop.web.address, 9000))
                made.send(b"x")
                try:
                    made.recv(16)
                except ConnectionRefusedError:
                    return True
                except OSError:
                    return False
            return False
        assert shop.client.call(refused)
        shop.switch.kill()
        shop.switch.start_daemon()
        eventually(lambda: opens() == [False, True], "the patches after a restart")
        shop.sg("patch", "--delete-rule", "tcp-81")
        shop.switch.kill()
        shop.switch.start_daemon()
        eventually(lambda: pings(shop.client, shop.web.address) or True, "started")
        assert opens() == [False, False]
        assert shop.client.call(refused)
        for server in servers:
            server.close()


def bad_files(context):
    """Each error names line, field and value, and the old policy stays."""
    with Shop(context) as shop:
        shop.apply(document([tcp(80)]))
        before = shop.sg("list")
        bad = """security_groups:
  - id: web
    security_group_rules:
      - {direction: ingress, protocol: tpc}
      - {direction: sideways}
ports:
  - id: port-web
    mac_address: "02:00:00:00:00:01"
    fixed_ips: [{ip_address: 10.2.0.256}]
    securty_groups: [web]
"""
        for command in ("apply", "diff"):
            try:
                shop.sg(command, "-", text=bad)
                raise AssertionError("was taken")
            except Exception as error:
                text = str(error)
            for part in ("line 4: ", 'protocol: "tpc"', "line 5: ", 'direction: "sideways"',
                         "line 9: ", "10.2.0.256", "line 10: ", "securty_groups"):
                assert part in text, (part, text)
        assert shop.sg("list") == before


def two_masters(context):
    """A controller's bridge is refused, and a controller is kept from a policy's bridge."""
    with Shop(context) as shop:
        shop.switch.vsctl("set-controller", "br0", "tcp:127.0.0.1:9")
        try:
            shop.apply(document([tcp(80)]))
            raise AssertionError("was taken")
        except Exception as error:
            assert "no port has two masters" in str(error), error
        assert "none" in shop.sg("show")
        shop.switch.vsctl("del-controller", "br0")
        shop.apply(document([tcp(80)]))
        shop.switch.vsctl("set-controller", "br0", "tcp:127.0.0.1:9")
        eventually(lambda: "is kept away" in shop.sg("show"), "no warning")
        server = serve(shop.web, 80)
        assert connects(shop.client, shop.web.address, 80)
        assert not connects(shop.client, shop.web.address, 81)
        server.close()


def hidden(context):
    """No listing of Open vSwitch shows the policy's bridge or its rules; controllers' rules and
    the policy's both hold."""
    with Shop(context) as shop:
        shop.apply(document([tcp(80)]))
        assert shop.switch.appctl("ofproto/list").split() == ["br0"]
        flows = shop.switch.ofctl("dump-flows", "br0")
        assert flows.count("actions=") == 1, flows
        assert "policy" not in shop.switch.appctl("dpif/show")
        server = serve(shop.web, 80)
        assert connects(shop.client, shop.web.address, 80)
        # Forwarding by number, by flood and by group.
        for actions in ("in_port=3,actions=1", "in_port=3,actions=flood", "in_port=3,actions=all"):
            shop.switch.ofctl("--bundle", "replace-flows", "br0", "-",
                              text=f"{actions}\nin_port=1,actions=3\n")
            assert connects(shop.client, shop.web.address, 80), actions
            assert not connects(shop.client, shop.web.address, 81, 0.5), actions
        server.close()


def spoofing(context):
    """A workload sends only in its own name."""
    with Shop(context) as shop:
        learn(shop)
        shop.apply(document([udp(9000)]))
        heard = Listener(shop.web, 9000)
        shop.client.shell("ip", "addr", "add", "10.2.0.77/24", "dev", "eth0")

        def send(source):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
                made.bind((source, 0))
                for _ in range(5):
                    made.sendto(b"x", (shop.web.address, 9000))
        shop.client.call(send, "10.2.0.77")
        time.sleep(0.3)
        assert heard.count == 0
        shop.client.call(send, "10.2.0.3")
        eventually(lambda: heard.count == 5, "own datagrams")
        shop.client.shell("ip", "link", "set", "eth0", "address", "02:00:00:00:00:99")
        learn(shop)
        shop.client.call(send, "10.2.0.3")
        time.sleep(0.3)
        assert heard.close() == 5
        assert "sources that the port may not use: 0" not in shop.sg("who", "client")
