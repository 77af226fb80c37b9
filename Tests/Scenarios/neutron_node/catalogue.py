"""The resources of a Neutron server, as the versioned objects that its agents are sent.

The scenario describes resources in plain values. Nothing here asks a database: every field that
an agent reads is set, those that it does not are left to their defaults.
"""

import uuid

import netaddr
from neutron import objects
from neutron.api.rpc.callbacks import resources
from neutron.objects import address_group, network, ports, securitygroup, subnet, trunk
from neutron.objects.port.extensions import allowedaddresspairs, port_security
from neutron.objects.qos import policy, rule
from neutron_lib.utils.net import AuthenticEUI, AuthenticIPNetwork

objects.register_objects()

HOST = "node"


def identity(name):
    """The id of a resource by the scenario's name for it: always the same."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}.vedette.test"))


class Catalogue:
    """Every resource by type and id, with a revision that grows."""

    def __init__(self):
        self.revision = 0
        self.by_type = {}

    def put(self, kind, name, values):
        """Makes or replaces a resource and returns it."""
        self.revision += 1
        made = MAKERS[kind](identity(name), name, values)
        if "revision_number" in made.fields:
            made.revision_number = self.revision
        self.by_type.setdefault(made.obj_name(), {})[made.id] = made
        return made

    def remove(self, kind, name):
        """Takes a resource out and returns it."""
        return self.by_type[kind].pop(identity(name))

    def find(self, kind, **filters):
        """Resources whose fields have one of the values asked for, as agents ask."""
        return [made for made in self.by_type.get(kind, {}).values()
                if all(_agrees(getattr(made, field), wanted)
                       for field, wanted in filters.items())]


def _agrees(value, wanted):
    wanted = wanted if isinstance(wanted, (list, tuple, set)) else [wanted]
    held = value if isinstance(value, (list, tuple, set)) else [value]
    return any(str(one) in map(str, wanted) for one in held)


def _standard(**values):
    return dict(project_id=identity("project").replace("-", ""), description="",
                revision_number=0, **values)


def _network(key, name, values):
    segment = network.NetworkSegment(
        id=identity(f"{name} segment"), network_id=key, name=None, is_dynamic=False,
        network_type=values["network_type"], segment_index=0, hosts=[HOST],
        physical_network=values.get("physical_network"),
        segmentation_id=values.get("segmentation_id"), revision_number=0, description="")
    return network.Network(
        id=key, name=name, status="ACTIVE", admin_state_up=True, mtu=values.get("mtu", 1500),
        vlan_transparent=False, segments=[segment], shared=False, dns_domain=None,
        availability_zone_hints=[],
        security=network.NetworkPortSecurity(id=key, port_security_enabled=True),
        qos_policy_id=None, **_standard())


def _subnet(key, name, values):
    cidr = netaddr.IPNetwork(values["cidr"])
    return subnet.Subnet(
        id=key, name=name, network_id=identity(values["network"]), segment_id=None,
        ip_version=cidr.version, cidr=cidr,
        gateway_ip=netaddr.IPAddress(values["gateway"]) if "gateway" in values else None,
        allocation_pools=[], enable_dhcp=values.get("dhcp", True), shared=False,
        dns_nameservers=[], host_routes=[], ipv6_ra_mode=None, ipv6_address_mode=None,
        service_types=[], subnetpool_id=None, dns_publish_fixed_ip=False, **_standard())


def _port(key, name, values):
    segments = _network(identity(values["network"]), values["network"], values["segment"])
    binding = ports.PortBinding(
        port_id=key, host=values.get("host", HOST), profile={}, vif_type="ovs",
        vif_details={}, vnic_type="normal", status="ACTIVE")
    level = ports.PortBindingLevel(
        port_id=key, host=HOST, level=0, driver="openvswitch",
        segment=segments.segments[0], segment_id=segments.segments[0].id)
    network_id = identity(values["network"])
    return ports.Port(
        id=key, name=name, network_id=network_id,
        mac_address=AuthenticEUI(values["mac"]), admin_state_up=True,
        device_id=identity(f"{name} device"),
        device_owner=values.get("device_owner", "compute:nova"), status="ACTIVE",
        fixed_ips=[ports.IPAllocation(
            port_id=key, subnet_id=identity(under), network_id=network_id,
            ip_address=netaddr.IPAddress(address))
            for under, address in values["addresses"]],
        allowed_address_pairs=[allowedaddresspairs.AllowedAddressPair(
            port_id=key, mac_address=AuthenticEUI(mac), ip_address=AuthenticIPNetwork(address))
            for mac, address in values.get("pairs", [])],
        bindings=[binding], distributed_bindings=[], binding_levels=[level],
        security=port_security.PortSecurity(
            id=key, port_security_enabled=values.get("port_security", True)),
        security_group_ids={identity(group) for group in values["groups"]},
        qos_policy_id=identity(values["qos"]) if values.get("qos") else None,
        qos_network_policy_id=None, dhcp_options=[], dns=None, data_plane_status=None,
        numa_affinity_policy=None, device_profile=None, **_standard())


def _group(key, name, values):
    return securitygroup.SecurityGroup(
        id=key, name=name, stateful=values.get("stateful", True), shared=False,
        is_default=False, rules=[], **_standard())


def _rule(key, name, values):
    lowest, highest = values.get("ports", (None, None))
    prefix = values.get("prefix")
    return securitygroup.SecurityGroupRule(
        id=key, security_group_id=identity(values["group"]),
        direction=values.get("direction", "ingress"), ethertype=values.get("ethertype", "IPv4"),
        protocol=values.get("protocol"), port_range_min=lowest, port_range_max=highest,
        remote_ip_prefix=netaddr.IPNetwork(prefix) if prefix else None,
        normalized_cidr=netaddr.IPNetwork(prefix) if prefix else None,
        remote_group_id=_optional(values, "remote_group"),
        remote_address_group_id=_optional(values, "remote_addresses"), **_standard())


def _optional(values, field):
    return identity(values[field]) if values.get(field) else None


def _addresses(key, name, values):
    return address_group.AddressGroup(
        id=key, name=name, shared=False, addresses=[
            address_group.AddressAssociation(
                address=netaddr.IPNetwork(address), address_group_id=key)
            for address in values["addresses"]], **_standard())


def _trunk(key, name, values):
    return trunk.Trunk(
        id=key, name=name, admin_state_up=True, port_id=identity(values["port"]),
        status="DOWN", sub_ports=[trunk.SubPort(
            port_id=identity(port), trunk_id=key, segmentation_type="vlan",
            segmentation_id=tag) for port, tag in values["subports"]], **_standard())


_QOS_RULES = {
    "bandwidth": lambda one: dict(
        made=rule.QosBandwidthLimitRule, max_kbps=one["kbps"], max_burst_kbps=one["burst"],
        direction=one["direction"]),
    "dscp": lambda one: dict(made=rule.QosDscpMarkingRule, dscp_mark=one["mark"]),
    "packets": lambda one: dict(
        made=rule.QosPacketRateLimitRule, max_kpps=one["kpps"], max_burst_kpps=one["burst"],
        direction=one["direction"]),
}


def _policy(key, name, values):
    rules = []
    for number, one in enumerate(values["rules"]):
        fields = _QOS_RULES[one["kind"]](one)
        rules.append(fields.pop("made")(
            id=identity(f"{name} rule {number}"), qos_policy_id=key, **fields))
    return policy.QosPolicy(
        id=key, name=name, shared=False, is_default=False, rules=rules, **_standard())


MAKERS = {
    resources.NETWORK: _network,
    resources.SUBNET: _subnet,
    resources.PORT: _port,
    resources.SECURITYGROUP: _group,
    resources.SECURITYGROUPRULE: _rule,
    resources.ADDRESSGROUP: _addresses,
    resources.TRUNK: _trunk,
    resources.QOS_POLICY: _policy,
}
