"""A compute node: a switch, Neutron's agent on it, and ports as Nova makes them."""

import itertools
import json
import os
import signal
import socket
import subprocess
import uuid

from harness import eventually
from lab.switch import PEER

HERE = os.path.dirname(os.path.abspath(__file__))

CONFIGURATION = """
[DEFAULT]
host = node
transport_url = fake://
state_path = {directory}/neutron
log_file = {directory}/neutron.log
debug = {debug}
rpc_response_timeout = 20

[oslo_concurrency]
lock_path = {directory}/neutron/lock

[OVS]
ovsdb_connection = unix:{directory}/db.sock
datapath_type = netdev
bridge_mappings = physnet:br-phys
of_connect_timeout = 10
of_request_timeout = 5

[AGENT]
root_helper =
extensions = qos
polling_interval = 1
report_interval = 60
ovsdb_monitor_respawn_interval = 1
explicitly_egress_direct = {direct}

[SECURITYGROUP]
enable_security_group = true
firewall_driver = openvswitch

[privsep]
helper_command = privsep-helper --config-file {directory}/neutron.conf
"""

SEGMENT = {"network_type": "vlan", "physical_network": "physnet", "segmentation_id": 100}


class Node:
    """A laboratory with Neutron's agent. `close` ends all of it."""

    def __init__(self, context, binary=None, direct=False):
        self.context = context
        self.lab = context.laboratory(binary, embedded=False)
        self.switch = self.lab.switch
        self.process = None
        self.instances = {}
        self.resources = {}
        self._numbers = itertools.count(1)
        directory = self.switch.directory
        self.control = f"{directory}/neutron.sock"
        os.makedirs(f"{directory}/neutron/lock")
        self.configure(direct)
        self.switch.vsctl("add-br", "br-phys", "--", "set", "bridge", "br-phys",
                          "datapath_type=netdev")

    def configure(self, direct):
        """Writes the agent's configuration; it is read when the agent starts."""
        with open(f"{self.switch.directory}/neutron.conf", "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(
                directory=self.switch.directory, direct=str(direct).lower(),
                debug=os.environ.get("VEDETTE_NEUTRON_DEBUG", "false")))

    # The agent

    def start_agent(self):
        """Starts the agent and tells its server of every resource; waits for the ports."""
        directory = self.switch.directory
        environment = dict(os.environ, LC_ALL="C", PYTHONDONTWRITEBYTECODE="1",
                           PYTHONHASHSEED="0",
                           **self.switch.environment)
        with open(f"{directory}/neutron.out", "ab") as output:
            self.process = subprocess.Popen(
                self.lab.namespace.words(
                    "/usr/bin/python3", f"{HERE}/node.py", self.control,
                    "--config-file", f"{directory}/neutron.conf"),
                stdin=subprocess.PIPE, stdout=output, stderr=output, env=environment,
                start_new_session=True)
        eventually(lambda: os.path.exists(self.control), f"no agent{self.last_words()}", 30)
        for (kind, name), values in self.resources.items():
            self.ask("put", kind=kind, name=name, values=values, silently=True)
        self.await_wired()

    def stop_agent(self):
        """Ends the agent as a service manager does, and the processes that it started."""
        process, self.process = self.process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdin.close()
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        if os.path.exists(self.control):
            os.unlink(self.control)

    def ask(self, verb, **command):
        """One command to the agent's server; its answer."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(20)
            connection.connect(self.control)
            with connection.makefile("rw") as lines:
                lines.write(json.dumps({"verb": verb, **command}) + "\n")
                lines.flush()
                answer = json.loads(lines.readline())
        assert "error" not in answer, f"{verb} {command}: {answer['error']}"
        return answer["value"]

    def put(self, kind, name, **values):
        """Makes or changes a resource, as a user of the API would."""
        self.resources[kind, name] = values
        if self.process:
            self.ask("put", kind=kind, name=name, values=values)

    def change(self, kind, name, **values):
        """Changes some values of a resource."""
        self.put(kind, name, **{**self.resources[kind, name], **values})

    def remove(self, kind, name):
        """Removes a resource."""
        del self.resources[kind, name]
        self.ask("remove", kind=kind, name=name)

    def await_wired(self, *names):
        """Waits until the agent has reported these ports (else all plugged in) as wired."""
        names = names or tuple(self.instances)
        try:
            eventually(lambda: self.ask("wired", names=names), "ports are not wired", 30)
        except AssertionError as error:
            raise AssertionError(f"{error}{self.last_words()}") from None

    def last_words(self):
        """The end of what the agent logged."""
        lines = []
        for name in ("neutron.out", "neutron.log"):
            try:
                with open(f"{self.switch.directory}/{name}", encoding="utf-8") as file:
                    lines += file.read().splitlines()[-25:]
            except OSError:
                pass
        return "\n" + "\n".join(lines)

    def errors(self):
        """What the agent logged as errors, but for those it always makes, whatever the switch.

        One is of networks that it is told of before a port of them is bound, the other of its
        own child that ends with it.
        """
        with open(f"{self.switch.directory}/neutron.log", encoding="utf-8") as file:
            lines = [line for line in file if line.split()[3:4] in (["ERROR"], ["CRITICAL"])]
        known = {line[:23] for line in lines if "vlanmanager.MappingNotFound" in line
                 or "Error received from [ovsdb-client monitor" in line}
        return [line for line in lines if line[:23] not in known]

    # Ports

    def port(self, name, network="net", **values):
        """Describes a Neutron port with the next addresses of its network."""
        number = next(self._numbers)
        subnets = self.resources["Network", network]["subnets"]
        self.put("Port", name, **{
            "network": network, "segment": self.resources["Network", network],
            "mac": f"fa:16:3e:00:00:{number:02x}", "groups": [],
            "addresses": [[under, f"{prefix}{number:x}"] for under, prefix in subnets],
            **values})
        return self.resources["Port", name]

    def plug(self, name, device, offloads=None, bridge="br-int"):
        """An instance behind a port: a namespace, and its device in the integration bridge."""
        values = self.resources["Port", name]
        addresses = [address for _, address in values["addresses"]]
        workload = self.lab.add(
            device, values["mac"], f"{addresses[0]}/24", f"{addresses[1]}/64", offloads)
        self.instances[name] = workload
        self.attach(name, bridge)
        return workload

    def attach(self, name, bridge="br-int"):
        """Puts an instance's device into a bridge the way Nova does."""
        workload = self.instances[name]
        self.switch.vsctl(
            "--", "--may-exist", "add-port", bridge, workload.port, "--", "set", "interface",
            workload.port, f"external_ids:iface-id={identity_of(name)}",
            f'external_ids:attached-mac="{workload.mac}"',
            "external_ids:iface-status=active", f"external_ids:vm-uuid={name}")

    def detach(self, name):
        """Takes an instance's device out of its bridge."""
        self.switch.vsctl("del-port", self.instances[name].port)

    def flows(self, bridge="br-int"):
        """The flows of a bridge without what differs from run to run: cookies and counts."""
        text = self.switch.ofctl("-O", "OpenFlow13", "dump-flows", bridge, "--no-stats")
        return sorted(line.strip().split(", ", 1)[1] for line in text.splitlines()
                      if line.strip().startswith("cookie="))

    def port_numbers(self):
        """The OpenFlow numbers of the instances' devices."""
        return {name: self.switch.vsctl("get", "interface", one.port, "ofport").strip()
                for name, one in self.instances.items()}

    def exchange(self, binary):
        """Ends the daemon and starts another in its place, with the same database."""
        self.switch.stop_daemon()
        self.switch.binary = binary
        self.switch.is_peer = os.path.basename(binary) == PEER
        self.switch.start_daemon()

    def cookies(self):
        """The cookies of the integration bridge: an agent's own are new with each start."""
        return {line.split("cookie=")[1].split(",")[0]
                for line in self.switch.ofctl("dump-flows", "br-int").splitlines()
                if "cookie=" in line}

    def close(self):
        """Ends the agent and removes the laboratory."""
        self.stop_agent()
        self.context.finish(self.lab)


def identity_of(name):
    """The id of a resource, as the catalogue makes it."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}.vedette.test"))
