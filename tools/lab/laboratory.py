"""The whole of what a run makes, and its removal: also of what an earlier run left.

A state file under /run/vedette-lab names the namespaces and the run directory before they are
made. A run that was killed leaves its file; the next run finds that its owner is gone and
removes everything the file names.
"""

import json
import os
import secrets
import shutil

from lab.namespace import Namespace, Workload
from lab.switch import Switch

STATE = "/run/vedette-lab"


class Laboratory:
    """Namespaces around one switch. Use it in a `with` statement, or call `remove`."""

    def __init__(self, name, binary, options=(), embedded=None):
        self.name = name
        self.binary = binary
        self.workloads = []
        self.kept = False
        # Only a name so far: nothing is made before it is noted.
        self.directory = f"/run/{name}-{secrets.token_hex(4)}"
        self.namespace = Namespace(f"{name}-switch")
        self.switch = Switch(binary, self.directory, self.namespace, options, embedded)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.remove()

    def start(self):
        """Makes the switch's namespace and starts the switch in it."""
        os.makedirs(STATE, mode=0o755, exist_ok=True)
        self._record()
        self.namespace.create()
        self.switch.start()

    def add(self, port, mac, ipv4, ipv6=None, offloads=None):
        """A workload behind a new veth device; the caller adds `port` to a bridge."""
        workload = Workload(f"{self.name}-{port}", port, mac, ipv4, ipv6)
        self.workloads.append(workload)
        self._record()
        workload.attach(self.namespace, not self.switch.is_peer if offloads is None else offloads)
        return workload

    def keep(self):
        """Leaves everything up when this process ends; `take_down` removes it later."""
        self.kept = True
        self._record()

    def remove(self):
        """Removes all that was made."""
        if not take_down(self.name):
            shutil.rmtree(self.directory, ignore_errors=True)

    def _record(self):
        state = {
            "owner": os.getpid(), "began": _start_time(os.getpid()), "kept": self.kept,
            "binary": self.binary, "directory": self.directory,
            "namespaces": [self.namespace.name] + [w.name for w in self.workloads],
        }
        path = f"{STATE}/{self.name}.json"
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            json.dump(state, file)
        os.rename(f"{path}.new", path)


def read_state(name):
    """What a laboratory of this name noted, or None."""
    try:
        with open(f"{STATE}/{name}.json", encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def is_in_use(state):
    """Whether the process that made it still lives."""
    return _start_time(state["owner"]) == state["began"]


def take_down(name):
    """Removes all that the state file of `name` lists. Returns whether there was anything."""
    state = read_state(name)
    if state is None:
        return False
    Switch(state["binary"], state["directory"]).stop()
    for namespace in state["namespaces"]:
        Namespace(namespace).delete()
    if state["directory"].startswith(f"/run/{name}-"):
        shutil.rmtree(state["directory"], ignore_errors=True)
    _forget(name)
    return True


def remove_leftovers():
    """Removes what runs that were killed left behind."""
    if not os.path.isdir(STATE):
        return
    for entry in sorted(os.listdir(STATE)):
        name, extension = os.path.splitext(entry)
        state = read_state(name) if extension == ".json" else None
        if state is not None and not state["kept"] and not is_in_use(state):
            take_down(name)


def _forget(name):
    try:
        os.unlink(f"{STATE}/{name}.json")
        os.rmdir(STATE)
    except OSError:
        pass


def _start_time(process):
    """When a process began, in clock ticks since boot: with its id, this names it for good."""
    try:
        with open(f"/proc/{process}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[19]
    except OSError:
        return None
