"""When inquiries are due: drawn before the first is sent, so that no answer can delay the next.

Such a load is open-loop. One that waits for answers before it sends more leaves out just those
inquiries that would have come while the service was slow: Gil Tene calls that coordinated omission
("How NOT to Measure Latency").
"""

from array import array
from collections.abc import Iterator, Sequence
from random import Random

# A burst is three times the mean and half a second long, and takes a fifth of the time; the rest
# runs at half the mean, so that 0.2 x 3 + 0.8 x 0.5 = 1: bursts leave the mean as it is.
BURST_FACTOR, CALM_FACTOR = 3.0, 0.5
BURST_SHARE = 0.2
BURST_SECONDS, CALM_SECONDS = 0.5, 2.0


def poisson(rate: float, seconds: float, random: Random) -> Sequence[float]:
    """Draw the arrivals of many senders that know nothing of each other: a Poisson process.

    Args:
        rate: Arrivals a second, on average.
        seconds: How long they come.
        random: Where the gaps come from.

    Returns:
        Seconds after the beginning, ascending.
    """
    return array("d", _arrivals(rate, 0.0, seconds, random))


def bursts(rate: float, seconds: float, random: Random) -> Sequence[float]:
    """Draw arrivals that come in bursts: a Poisson process whose rate a second chain switches.

    That is a Markov-modulated Poisson process of two states: W. Fischer and K. Meier-Hellstern,
    "The Markov-modulated Poisson process (MMPP) cookbook", Performance Evaluation 18 (1993). Its
    mean is `rate`; a short run may have drawn more or fewer bursts than that. Arguments and result
    are those of `poisson`.
    """
    return array("d", _modulated(rate, seconds, random))


def _modulated(rate: float, seconds: float, random: Random) -> Iterator[float]:
    bursting = random.random() < BURST_SHARE
    begin = 0.0
    while begin < seconds:
        factor, stay = (BURST_FACTOR, BURST_SECONDS) if bursting else (CALM_FACTOR, CALM_SECONDS)
        end = min(seconds, begin + random.expovariate(1 / stay))
        # Gaps have no memory: where the rate changes, the next may be drawn anew.
        yield from _arrivals(rate * factor, begin, end, random)
        begin, bursting = end, not bursting


def _arrivals(rate: float, begin: float, end: float, random: Random) -> Iterator[float]:
    at = begin + random.expovariate(rate)
    while at < end:
        yield at
        at += random.expovariate(rate)
