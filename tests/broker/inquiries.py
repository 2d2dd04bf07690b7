"""What the tests on the broker publish."""

import json
from collections.abc import Iterator
from itertools import count

from services.local.examples import EXAMPLES, key_of, read_lines
from services.messages.codec import inquiries
from services.messages.rejection import RejectedError, Rejection
from tests.broker.exactly_once import Sent
from tests.records import ARecord


def examples() -> list[Sent]:
    """Return every example inquiry, keyed as the demo does, with headers of its sender's own."""
    headers = (("trace", b"t-1"), ("no-value", None))
    return [Sent(line, key_of(line), headers) for line in read_lines(EXAMPLES)]


def rejection_of(record: Sent) -> Rejection | None:
    """Tell whether our reader rejects a record, and why."""
    try:
        inquiries.read(ARecord(record.value, record.headers))
    except RejectedError as error:
        return error.reason
    return None


def good(keys: int) -> Iterator[Sent]:
    """Yield good inquiries without end, of `keys` cases in turn, each of which says the same."""
    texts = [json.loads(record.value or b"") for record in examples() if not rejection_of(record)]
    for number in count():
        case = number % keys
        inquiry = texts[case % len(texts)] | {"id": f"q-{number}", "reference": f"case-{case}"}
        yield Sent(json.dumps(inquiry).encode(), b"case-%d" % case)
