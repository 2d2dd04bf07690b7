from collections.abc import Callable

import pytest

from services.messages.record import Output
from services.messages.rejection import Rejection
from services.stream.brake import Brake

GOOD = Output("out", None, b"", [])
BAD = Output("dead", None, b"", [], Rejection.NOT_JSON)


@pytest.fixture
def now() -> list[float]:
    return [1_000.0]


@pytest.fixture
def brake(now: list[float]) -> Brake:
    clock: Callable[[], float] = lambda: now[0]  # noqa: E731 - as short as it can be
    return Brake(share=0.1, records=200, seconds=60, clock=clock)


def test_too_few_records_say_nothing(brake: Brake) -> None:
    """However many of a handful are rejected, the service goes on."""
    assert not brake.stops([BAD] * 199)
    assert brake.why_on() is None


def test_the_share_itself_is_not_too_much(brake: Brake) -> None:
    """The brake goes on above its share, and says of how many records and why."""
    assert not brake.stops([GOOD] * 180 + [BAD] * 20)
    assert brake.stops([GOOD] * 179 + [BAD] * 21)
    assert brake.why_on() == (
        "the brake is on: 21 of the last 200 records would be rejected, most of them as not-json"
    )


def test_batches_add_up(brake: Brake) -> None:
    """Small batches count together, as those of several partitions do."""
    assert not any(brake.stops([GOOD] * 9 + [BAD] * 2) for _ in range(18))
    assert brake.stops([GOOD] * 9 + [BAD] * 2)


def test_what_is_long_past_does_not_count(brake: Brake) -> None:
    """Only the latest batches are looked at: a bad hour does not stop a good one."""
    assert not brake.stops([BAD] * 150)
    for _ in range(3):
        assert not brake.stops([GOOD] * 1_500)
    assert not brake.stops([BAD] * 100)


def test_after_a_while_it_tries_again(brake: Brake, now: list[float]) -> None:
    """The brake goes off by itself, and on again where nothing has become better."""
    assert brake.stops([BAD] * 200)
    now[0] += 59.9
    assert brake.why_on()
    now[0] += 0.1
    assert brake.why_on() is None
    assert brake.stops([BAD] * 200)


def test_a_release_lets_everything_pass_for_as_long(brake: Brake, now: list[float]) -> None:
    """Once somebody says so the records go to the dead letters, and later the brake works again."""
    assert brake.stops([BAD] * 200)
    brake.release()
    assert brake.why_on() is None
    assert not brake.stops([BAD] * 1_000)
    now[0] += 60
    assert brake.stops([BAD] * 200)


def test_a_share_of_one_never_stops(now: list[float]) -> None:
    """Whoever wants no brake sets its share to 1."""
    never = Brake(share=1, records=1, seconds=60, clock=lambda: now[0])
    assert not never.stops([BAD] * 10_000)
