"""A compute node's Open vSwitch agent of Neutron, whole and unmodified, with a server of its own.

    node.py CONTROL-SOCKET --config-file FILE

The agent is the one of the packages: its classes, its OpenFlow connections, its connection to
the database and its children. Only the other end of its message bus is made here, on the bus's
in-process driver. Commands come as lines of JSON on the control socket. When standard input
ends, so does the process.
"""

import json
import os
import socket
import sys

from neutron.common import eventlet_utils

eventlet_utils.monkey_patch()

import eventlet  # noqa: E402
from eventlet.green import os as green_os  # noqa: E402
from neutron.common import config  # noqa: E402
from neutron.plugins.ml2.drivers.openvswitch.agent import main  # noqa: E402,F401
from neutron.plugins.ml2.drivers.openvswitch.agent.openflow.native import (  # noqa: E402
    main as openflow_main)

from catalogue import identity  # noqa: E402
from server import Server  # noqa: E402


def end_with_parent():
    """Ends the process when whoever started it is gone."""
    os.set_blocking(0, False)
    while green_os.read(0, 4096):
        pass
    os._exit(0)


def serve(path, server):
    """Carries out commands, one at a time."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(4)
    while True:
        connection, _ = listener.accept()
        eventlet.spawn_n(converse, connection, server)


def converse(connection, server):
    """One connection: a line in, a line out."""
    with connection, connection.makefile("rw") as lines:
        for line in lines:
            try:
                command = json.loads(line)
                answer = {"value": VERBS[command.pop("verb")](server, **command)}
            except Exception as error:  # the scenario shows it
                answer = {"error": f"{type(error).__name__}: {error}"}
            lines.write(json.dumps(answer) + "\n")
            lines.flush()


VERBS = {
    "put": lambda server, kind, name, values, silently=False: server.put(
        kind, name, values, silently),
    "remove": lambda server, kind, name: server.remove(kind, name),
    "subports": lambda server, trunk, names, event: server.subports(trunk, names, event),
    "wired": lambda server, names: all(identity(name) in server.wired for name in names),
    "forget": lambda server: server.wired.clear(),
    "trunk": lambda server, name: server.trunk_status.get(identity(name)),
}


def run():
    """The steps of neutron-openvswitch-agent, and the server between two of them."""
    path, arguments = sys.argv[1], sys.argv[2:]
    eventlet.spawn_n(end_with_parent)
    config.register_common_config_options()
    config.init(arguments)
    openflow_main.init_config()
    config.setup_logging()
    eventlet.spawn_n(serve, path, Server())
    openflow_main.main()


if __name__ == "__main__":
    run()
