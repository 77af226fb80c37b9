"""What the demo shows: one table of attempts, one of states, one of rules, and the connections."""

import re
import sys

from attempts import SERVICES, UNANSWERED
from policy import DENIALS, STATES

PAINT = {"good": "32", "bad": "31;1", "dim": "2", "head": "1"}


def paint(text, colour):
    """Colours a text on a terminal."""
    return f"\033[{PAINT[colour]}m{text}\033[0m" if sys.stdout.isatty() else text


def heading(text):
    """A line above a table."""
    print(f"\n{paint(text, 'head')}")


def show_attempt_head():
    """The columns of the attempts."""
    print(paint(f"   {'from → to':<20}{'what':<27}{'expected':<10}{'observed':<27}by rule", "dim"))


def show_attempt(attempt, problems):
    """One attempt, as soon as it is made."""
    way = f"{attempt.sender.port} → {attempt.target.port}"
    expected = "allow" if attempt.allowed else "deny"
    observed = ("allow" if attempt.got_through else "deny") + f" ({attempt.saw})"
    mark = paint("✗ ", "bad") if problems else paint("✓ ", "good")
    print(f" {mark}{way:<20}{attempt.what:<27}{expected:<10}{observed:<27}{attempt.rule}",
          flush=True)
    for problem in problems:
        print(paint(f"      {problem}", "bad"))


def show_states(counts, seen):
    """The four states of the tracker, with the packets that each rule on them counted."""
    heading("Connection states: packets by the rules that match on them")
    for state, rules in STATES.items():
        packets = sum(counts[rule] for rule in rules)
        mark = paint("✓", "good") if packets else paint("✗", "bad")
        example = seen.get(state, "not seen")
        print(f" {mark} {state:<12}{packets:>7}   {', '.join(rules):<40}{paint(example, 'dim')}")


def show_rules(policy, counts):
    """Every rule that decided something."""
    heading("Rules and the packets they matched")
    for name, text in policy.texts.items():
        packets = f"{counts[name]:>7}"
        kind = "deny " if name in DENIALS else "     "
        print(f"   {name:<21}{packets}   {paint(kind, 'bad') if kind.strip() else kind}{text}")


def show_connections(text, attempts):
    """The connection table, one line a connection, with the state that the policy saw."""
    heading("Connection table (ovs-appctl dpctl/dump-conntrack)")
    print(paint(f"   {'zone':<6}{'proto':<8}{'from':<22}{'to':<22}{'seen as':<14}details", "dim"))
    for entry in sorted(filter(None, map(read_connection, text.splitlines())),
                        key=lambda e: (e["zone"], e["proto"], e["from"])):
        print(f"   {entry['zone']:<6}{entry['proto']:<8}{entry['from']:<22}{entry['to']:<22}"
              f"{seen_as(entry):<14}{entry['details']}")
    strays = sum(a.hits.get("state-invalid", 0) for a in attempts)
    print(f"   {'-':<6}{'any':<8}{f'{strays} packets':<22}{'no entry':<22}{'INVALID':<14}denied")


def read_connection(line):
    """A line of dump-conntrack as a dictionary, or None."""
    found = re.match(
        r"([a-z0-9]+),orig=\(src=([^,]+),dst=([^,]+),(?:sport=(\d+),dport=(\d+)|[^)]*)\),"
        r"reply=\([^)]*\)(.*)", line)
    if not found:
        return None
    proto, source, target, sport, dport, rest = found.groups()
    zone = re.search(r"zone=(\d+)", rest)
    states = dict.fromkeys(re.findall(r"\bstate(?:_orig|_reply)?=(\w+)", rest))
    helper = re.search(r"helper=(\w+)", rest)
    details = list(states)
    details += [f"helper {helper[1]}"] if helper else []
    bracket = "[{}]:{}" if ":" in source else "{}:{}"
    return {
        "proto": proto, "zone": int(zone[1]) if zone else 0, "dport": int(dport or 0),
        "from": bracket.format(source, sport) if sport else source,
        "to": bracket.format(target, dport) if dport else target,
        "source": source, "target": target, "details": ", ".join(details),
    }


def seen_as(entry):
    """The state that this connection's packets last had when the policy judged them."""
    if entry["proto"] == "udp" and entry["dport"] in UNANSWERED:
        return "NEW"
    return "RELATED" if entry["proto"] == "tcp" and entry["dport"] not in SERVICES else \
        "ESTABLISHED"
