"""The server's half of what Neutron's agent says and hears over its message bus.

It answers from a catalogue that the scenario fills, and tells the agent of each change, through
the topics, methods and objects that neutron-server uses.
"""

from neutron.api.rpc.handlers import resources_rpc
from neutron.services.trunk.rpc import constants as trunk_constants
from neutron_lib import constants, context, rpc
from neutron_lib.agent import topics
import oslo_messaging

from catalogue import Catalogue, HOST, identity


class Server:
    """Endpoints on the topics of a Neutron server."""

    def __init__(self):
        self.catalogue = Catalogue()
        self.wired = set()
        self.trunk_status = {}
        self._push = rpc.get_client(oslo_messaging.Target(
            version="1.1", namespace=constants.RPC_NAMESPACE_RESOURCES))
        self._connection = rpc.Connection()
        for topic, endpoints in (
                (topics.PLUGIN, [Devices(self), Resources(self), Distributed()]),
                (topics.REPORTS, [Reports()]),
                (trunk_constants.TRUNK_BASE_TOPIC, [Trunks(self)]),
                (topics.SERVER_RESOURCE_VERSIONS, [Versions()])):
            self._connection.create_consumer(topic, endpoints, fanout=False)
        self._connection.consume_in_threads()

    def put(self, kind, name, values, silently=False):
        """Makes or changes a resource and tells the agent."""
        made = self.catalogue.put(kind, name, values)
        if not silently:
            self.push(made, "updated")

    def remove(self, kind, name):
        """Removes a resource and tells the agent."""
        self.push(self.catalogue.remove(kind, name), "deleted")

    def push(self, made, event):
        """Sends a resource to all agents that follow its type."""
        topic = resources_rpc.resource_type_versioned_topic(made.obj_name())
        self._push.prepare(fanout=True, topic=topic).cast(
            context.get_admin_context(), "push", resource_list=[made.obj_to_primitive()],
            event_type=event)

    def subports(self, trunk, names, event):
        """Tells the agent of subports that were added to a trunk, or left it."""
        key = identity(trunk)
        made = self.catalogue.find("Trunk", id=key)[0]
        wanted = {identity(name) for name in names}
        chosen = [one for one in made.sub_ports if one.port_id in wanted]
        topic = resources_rpc.resource_type_versioned_topic("SubPort")
        self._push.prepare(fanout=True, topic=topic).cast(
            context.get_admin_context(), "push",
            resource_list=[one.obj_to_primitive() for one in chosen], event_type=event)


class Devices:
    """What agents tell of devices they have wired."""

    target = oslo_messaging.Target(version="1.9")

    def __init__(self, server):
        self._server = server

    def update_device_list(self, context, devices_up, devices_down, **_):
        names = [one["device"] if isinstance(one, dict) else one for one in devices_up]
        self._server.wired.update(names)
        self._server.wired.difference_update(devices_down)
        return {"devices_up": names, "failed_devices_up": [],
                "devices_down": list(devices_down), "failed_devices_down": []}

    def update_device_up(self, context, device, **_):
        self._server.wired.add(device)

    def update_device_down(self, context, device, **_):
        self._server.wired.discard(device)
        return {"device": device, "exists": True}

    def get_network_details(self, context, network, **_):
        made = self._server.catalogue.find("Network", id=network)[0].segments[0]
        return {"id": network, "provider:network_type": made.network_type,
                "provider:physical_network": made.physical_network,
                "provider:segmentation_id": made.segmentation_id}

    def tunnel_sync(self, context, **_):
        return {"tunnels": []}

    def get_ports_by_vnic_type_and_host(self, context, **_):
        return []


class Resources:
    """Objects that agents ask for."""

    target = oslo_messaging.Target(version="1.1", namespace=constants.RPC_NAMESPACE_RESOURCES)

    def __init__(self, server):
        self._server = server

    def pull(self, context, resource_type, version, resource_id):
        # A trunk is asked for by its parent port.
        field = "port_id" if resource_type == "Trunk" else "id"
        found = self._server.catalogue.find(resource_type, **{field: resource_id})
        return found[0].obj_to_primitive(target_version=version) if found else None

    def bulk_pull(self, context, resource_type, version, filter_kwargs=None):
        found = self._server.catalogue.find(resource_type, **(filter_kwargs or {}))
        return [one.obj_to_primitive(target_version=version) for one in found]


class Distributed:
    """Distributed routing is not used; it is only asked for its address."""

    target = oslo_messaging.Target(version="1.0", namespace=constants.RPC_NAMESPACE_DVR)

    def get_dvr_mac_address_by_host(self, context, host):
        return {"host": host, "mac_address": "fa:16:3f:00:00:01"}


class Reports:
    """The agent's signs of life."""

    target = oslo_messaging.Target(version="1.2", namespace=constants.RPC_NAMESPACE_STATE)

    def has_alive_neutron_server(self, context, **_):
        return True

    def report_state(self, context, **_):
        return "alive"


class Versions:
    """The versions of objects that agents know: they are of the same packages here."""

    target = oslo_messaging.Target(version="1.0", namespace=constants.RPC_NAMESPACE_RESOURCES)

    def report_agent_resource_versions(self, context, **_):
        return None


class Trunks:
    """What the agent tells of trunks."""

    target = oslo_messaging.Target(
        version="1.0", namespace=trunk_constants.TRUNK_BASE_NAMESPACE)

    def __init__(self, server):
        self._server = server

    def update_trunk_status(self, context, trunk_id, status):
        self._server.trunk_status[trunk_id] = status

    def update_subport_bindings(self, context, subports):
        bound = {}
        for one in subports:
            fields = one["versioned_object.data"] if isinstance(one, dict) else one
            port = self._server.catalogue.find("Port", id=fields["port_id"])[0]
            bound.setdefault(fields["trunk_id"], []).append(
                {"id": port.id, "mac_address": str(port.mac_address).replace("-", ":").lower(),
                 "binding:host_id": HOST})
        return bound
