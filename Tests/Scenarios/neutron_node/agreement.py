"""Open vSwitch and the switch under test beside each other, each with an agent of its own.

Both agents get the same orders; after each, the flows of both switches are compared.
"""

import concurrent.futures
import time

import project
from harness import eventually
from host import Node


def check(context):
    """Carries out every order on both switches and compares."""
    nodes = []
    try:
        for binary in (context.peer, context.binary):
            nodes.append(Node(context, binary))
        together(project.bring_up, nodes)
        for order in ORDERS:
            together(order, nodes)
            count = agree(order.__name__, nodes)
        print(f"    at last {count} flows on each")
    finally:
        for node in nodes:
            node.close()


def together(order, nodes):
    """Carries out an order on all nodes at once."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(order, nodes))


def agree(name, nodes):
    """Waits until both nodes have the same flows; returns how many."""
    deadline = time.monotonic() + 12
    while True:
        first, second = ([line for bridge in ("br-int", "br-phys")
                          for line in node.flows(bridge)] for node in nodes)
        if first == second:
            return len(first)
        if time.monotonic() > deadline:
            only = [f"only one has {line}" for line in set(first) ^ set(second)]
            raise AssertionError(f"after {name}:\n" + "\n".join(only[:20]))
        time.sleep(0.3)


def wired(node):
    """The project as it is."""
    node.await_wired()


def without_rules(node):
    """A rule less."""
    project.unrule(node, "web", "tcp 80")
    eventually(lambda: not any("table=82" in line and "tp_dst=80 " in line
                               for line in node.flows()), "the rule stays")


def with_pairs(node):
    """An allowed pair more, a member of a remote group more, and a policy."""
    node.put("QosPolicy", "gold", rules=[{"kind": "dscp", "mark": 26}])
    node.change("Port", "client", pairs=[["00:00:5e:00:01:07", "10.7.0.50/32"]], qos="gold")
    node.change("Port", "other", groups=["others", "clients"])
    eventually(lambda: any("10.7.0.50" in line for line in node.flows()), "no pair")
    eventually(lambda: any("ip_dscp" in line or "nw_tos" in line for line in node.flows()),
               "no mark")


def with_direct_egress(node):
    """The agent started anew, its egress direct."""
    node.configure(direct=True)
    before = node.cookies()
    node.stop_agent()
    node.start_agent()
    eventually(lambda: not before & node.cookies(), "flows of the ended agent stay")


def without_port(node):
    """An instance less."""
    node.detach("tight")
    mac = node.instances["tight"].mac
    eventually(lambda: not any(mac in line for line in node.flows()), "rules of a port gone")


ORDERS = (wired, without_rules, with_pairs, with_direct_egress, without_port)
