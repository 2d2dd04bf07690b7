import pytest

from tests.broker.exactly_once import NUMBER, Faults, Sent, compare
from tests.records import ARecord

SENT = [Sent(b'{"id": "%d"}' % n, b"case-%d" % (n % 2), (("trace", b"t"),)) for n in range(6)]


def routed(number: int, topic: str = "d.tax", **changes: object) -> ARecord:
    """Return the record that a number would come out as, some of it changed; offset is number."""
    sent = SENT[number]
    headers = (*sent.headers, (NUMBER, b"%d" % number))
    value = b'{"inquiry":%b,"route":{}}' % (sent.value or b"")
    record = ARecord(value, headers, sent.key, topic, partition=0, offset=number)
    return record._replace(**changes)  # type: ignore[arg-type]


def letter(number: int, by: bytes = b"/inquiry-triage/classifier") -> ARecord:
    record = routed(number, "rejected")
    value = SENT[number].value if by.endswith(b"classifier") else record.value
    return record._replace(value=value, headers=(*record.headers, ("rejected-by", by)))


ALL = [routed(0), routed(1), letter(2), routed(3, "review"), routed(4), letter(5, b"/x/router")]
NAMED_AS_BEFORE = (("received-trace", b"t"), (NUMBER, b"0"))
CHANGED = b'{"inquiry":{"id":"0"},"route":{}}'  # the same JSON, other bytes


@pytest.mark.parametrize(
    ("arrived", "faults"),
    [
        (ALL, Faults()),
        (ALL[:2] + ALL[3:], Faults(lost=[2])),
        ([*ALL, routed(4, "d.roads")], Faults(doubled=[4])),
        ([*ALL, routed(4, offset=9)], Faults(doubled=[4])),
        ([routed(0, value=CHANGED), *ALL[1:]], Faults(altered=[0])),
        ([routed(0, key=None), *ALL[1:]], Faults(altered=[0])),
        ([routed(0, headers=((NUMBER, b"0"),)), *ALL[1:]], Faults(altered=[0])),
        ([routed(0, headers=NAMED_AS_BEFORE), *ALL[1:]], Faults()),
        ([routed(0, offset=9), *ALL[1:]], Faults(out_of_order=[0])),
        ([routed(0, "review", offset=9), *ALL[1:]], Faults()),
    ],
    ids=["well", "lost", "twice", "again", "bytes", "key", "header", "named", "order", "topics"],
)
def test_the_comparison_finds_each_fault(arrived: list[ARecord], faults: Faults) -> None:
    """What is lost, doubled, altered or out of order is named by its number, and nothing else."""
    assert compare(SENT, arrived) == faults


def test_a_failing_comparison_shows_no_text() -> None:
    """What a failing test prints of a record has no inquiry's text."""
    assert "Blodwen" not in repr(Sent(b'{"text": "Blodwen"}', b"case-1"))
