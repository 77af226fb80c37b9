"""A laboratory on one machine: network namespaces as workloads, and a switch between them.

The demo and the scenario tests share it. Everything it makes carries a prefix of its own and
is written to a state file before it is made, so that a later run can remove what a killed one
left behind.
"""
