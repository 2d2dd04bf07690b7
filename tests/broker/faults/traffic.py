"""What a run publishes: inquiries of many cases without end, with poison ones among them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from random import Random

from aiokafka import ConsumerRecord

from services.messages.rejection import Rejection
from tests.broker.exactly_once import Sent, number_of
from tests.broker.inquiries import good, rejection_of
from tests.records import BINARY, an_inquiry

KEYS = 200
POISON_SHARE = 0.02
MAX_BYTES = 1_000_000  # what the services write at most, by their settings
# The classification, some 740 bytes, fits on top of this one; the route, 150 more, does not.
TOO_LARGE_FOR_ROUTER = MAX_BYTES - 810
# Both fit on top of this one; what a person decides of it, 150 more, does not.
TOO_LARGE_FOR_SETTLER = MAX_BYTES - 1_000
TOO_LARGE = {
    "classifier": MAX_BYTES,
    "router": TOO_LARGE_FOR_ROUTER,
    "settler": TOO_LARGE_FOR_SETTLER,
}

FUTURE = tuple((name, v.replace(b"v1", b"v2") if name == "ce_type" else v) for name, v in BINARY)
POISON: tuple[Callable[[bytes], Sent], ...] = (
    lambda key: Sent(b'{"id": "q-1", "text": "cut o', key),
    lambda key: Sent(b'{"text": "no id"}', key),
    lambda key: Sent(an_inquiry(text=5), key),
    lambda key: Sent(an_inquiry(text=""), key),
    lambda key: Sent(an_inquiry(text="x" * 20_001), key),
    lambda key: Sent(an_inquiry(), key, FUTURE),
    lambda key: Sent(an_inquiry(), key, (("ce_trace", b"\xff\x00"),)),
    lambda key: Sent(None, key, (("trace", b"tombstone"),)),
)


def inquiries(random: Random) -> Iterator[Sent]:
    """Yield inquiries without end; one in fifty is poison, with the key of a case like all others.

    Every third good one has headers of its sender's own.
    """
    for number, inquiry in enumerate(good(KEYS)):
        if random.random() < POISON_SHARE:
            yield random.choice(POISON)(b"case-%d" % random.randrange(KEYS))
        headers = (("trace", b"t-%d" % number), ("no-value", None)) if number % 3 == 0 else ()
        yield replace(inquiry, headers=headers)


def too_large_for(service: str, key: bytes) -> Sent:
    """Return an inquiry whose result does not fit, as that service is the first to find out.

    It is said to be in Welsh, so that it goes to people where it fits.
    """
    empty = an_inquiry(language="cy", scan="")
    scan = "x" * (TOO_LARGE[service] - len(empty))
    return Sent(an_inquiry(language="cy", scan=scan), key)


def is_too_large_to_judge(waiting: ConsumerRecord) -> bool:
    """Tell whether an inquiry on review has no room for a decision."""
    return len(waiting.value) >= TOO_LARGE_FOR_SETTLER


def misjudged(sent: list[Sent], arrived: Iterable[ConsumerRecord]) -> list[int]:
    """Return the numbers of those that were rejected without cause, for another, or not at all."""
    wrong = []
    for record in arrived:
        number = number_of(record)
        reason = dict(record.headers).get("rejected-reason", b"").decode() or None
        if reason != _cause(sent[number]):
            wrong.append(number)
    return sorted(wrong)


def _cause(record: Sent) -> Rejection | None:
    large = len(record.value or b"") >= TOO_LARGE_FOR_ROUTER
    return Rejection.TOO_LARGE if large else rejection_of(record)
