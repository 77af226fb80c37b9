"""Taking turns and taking medians.

Two stopped processes are let run in slices; the rates of neighbouring slices make a pair, and only
ratios of pairs are claimed: the machine's speed may halve between two minutes, hardly between two
slices.
"""

import statistics
import time

import traffic

SETTLE_SECONDS = 0.004
SLICE_SECONDS = 0.025


class Slice:
    """What one switch did in one slice."""

    def __init__(self, difference=None):
        self.seconds = self.sent = self.received = self.cycles = 0
        self.begun = self.answers_sent = self.answers = 0
        if difference is not None:
            self.seconds = difference.seconds
            self.sent = difference.sum("sent", 0)
            self.received = difference.sum("received", 0)
            self.cycles = difference.cycles
            # What came out at the servers; what they sent, and what of it came to the clients.
            self.begun = difference.side(1, "sent")
            self.answers_sent = difference.side(1, "received")
            self.answers = difference.side(0, "sent")

    @property
    def tracked(self):
        """New connections that the switch tracks: those whose answer it lets through."""
        return self.begun * self.answers / self.answers_sent if self.answers_sent else 0.0

    def __add__(self, other):
        total = Slice()
        for name in vars(self):
            setattr(total, name, getattr(self, name) + getattr(other, name))
        return total


def take_slice(contestant, seconds):
    """Lets a stopped switch run; what it did once it was going."""
    contestant.resume()
    time.sleep(SETTLE_SECONDS)
    before = contestant.traffic.read()
    time.sleep(seconds)
    after = contestant.traffic.read()
    contestant.pause()
    hertz = contestant.traffic.counters[0][0].hertz
    return Slice(traffic.Difference(before, after, hertz))


def merged(slices, count):
    """Neighbouring slices put together: for what happens more seldom than slices."""
    return [sum(slices[start:start + count], Slice()) for start in range(0, len(slices), count)]


class Outcome:
    """Slices of two switches in turn, the reference first."""

    def __init__(self, reference, subject, what="sent"):
        self.reference, self.subject = reference, subject
        self.what = what

    def _rates(self, slices):
        return [getattr(one, self.what) / one.seconds for one in slices if one.seconds > 0]

    def median_rate(self, is_subject):
        """The median rate of one switch."""
        rates = self._rates(self.subject if is_subject else self.reference)
        return statistics.median(rates) if rates else 0.0

    def median_cycles(self, is_subject):
        """Cycles of the poll thread a packet forwarded."""
        slices = self.subject if is_subject else self.reference
        costs = [one.cycles / one.sent for one in slices if one.sent > 0]
        return statistics.median(costs) if costs else None

    def loss(self, is_subject):
        """The part of the packets taken that did not come out."""
        slices = self.subject if is_subject else self.reference
        received = sum(one.received for one in slices)
        return 1 - sum(one.sent for one in slices) / received if received else None

    def spread(self):
        """Median, fifth and ninety-fifth percentile of the ratios, subject to reference."""
        pairs = zip(self._rates(self.reference), self._rates(self.subject))
        return spread(subject / reference for reference, subject in pairs if reference > 0)


def spread(ratios):
    """Median, fifth and ninety-fifth percentile."""
    ratios = sorted(ratios)
    if not ratios:
        return None, None, None
    edge = max(0, round(len(ratios) * 0.05))
    return statistics.median(ratios), ratios[edge], ratios[-1 - edge]


def alternate(reference, subject, pairs, seconds=SLICE_SECONDS, what="sent"):
    """Both switches in turn; both are stopped before and afterwards."""
    first, second = [], []
    for number in range(pairs):
        # Which goes first alternates, so that a drift favours none.
        order = ((reference, first), (subject, second))
        for contestant, slices in order if number % 2 == 0 else reversed(order):
            slices.append(take_slice(contestant, seconds))
    return Outcome(first, second, what)


def watch(contestant, seconds):
    """What one switch does on its own in a while."""
    before = contestant.traffic.read()
    time.sleep(seconds)
    after = contestant.traffic.read()
    return traffic.Difference(before, after, contestant.traffic.counters[0][0].hertz)
