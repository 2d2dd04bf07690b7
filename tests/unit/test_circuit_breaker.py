from collections.abc import Callable

import pytest

from services.engine.circuit_breaker import CircuitBreaker
from services.messages.record import Output
from services.messages.rejection import RejectedError, Rejection

GOOD = Output("out", None, b"", [])
BAD = RejectedError(Rejection.NOT_JSON, "byte 0")


@pytest.fixture
def now() -> list[float]:
    return [1_000.0]


@pytest.fixture
def breaker(now: list[float]) -> CircuitBreaker:
    clock: Callable[[], float] = lambda: now[0]  # noqa: E731 - as short as it can be
    return CircuitBreaker("in", share=0.1, records=200, seconds=60, clock=clock)


def test_too_few_records_say_nothing(breaker: CircuitBreaker) -> None:
    """However many of a handful are rejected, the service goes on."""
    assert not breaker.opens([BAD] * 199)
    assert breaker.why_open() is None


def test_the_share_itself_is_not_too_much(breaker: CircuitBreaker) -> None:
    """The circuit breaker opens above its share, and says of how many records and why."""
    assert not breaker.opens([GOOD] * 180 + [BAD] * 20)
    assert breaker.opens([GOOD] * 179 + [BAD] * 21)
    assert breaker.why_open() == (
        "the circuit breaker is open: 21 of the last 200 records of in would be rejected, most of "
        "them as not-json"
    )


def test_batches_add_up(breaker: CircuitBreaker) -> None:
    """Small batches count together, as those of several partitions do."""
    assert not any(breaker.opens([GOOD] * 9 + [BAD] * 2) for _ in range(18))
    assert breaker.opens([GOOD] * 9 + [BAD] * 2)


def test_what_is_long_past_does_not_count(breaker: CircuitBreaker) -> None:
    """Only the latest batches are looked at: a bad hour does not stop a good one."""
    assert not breaker.opens([BAD] * 150)
    for _ in range(3):
        assert not breaker.opens([GOOD] * 1_500)
    assert not breaker.opens([BAD] * 100)


def test_after_a_while_it_tries_again(breaker: CircuitBreaker, now: list[float]) -> None:
    """The circuit breaker closes by itself, and opens again where nothing has become better."""
    assert breaker.opens([BAD] * 200)
    now[0] += 59.9
    assert breaker.why_open()
    now[0] += 0.1
    assert breaker.why_open() is None
    assert breaker.opens([BAD] * 200)


def test_closed_by_hand_it_lets_everything_pass_for_as_long(
    breaker: CircuitBreaker, now: list[float]
) -> None:
    """Once somebody says so the records go to the dead letters, and later it works again."""
    assert breaker.opens([BAD] * 200)
    breaker.close()
    assert breaker.why_open() is None
    assert not breaker.opens([BAD] * 1_000)
    now[0] += 60
    assert breaker.opens([BAD] * 200)


def test_with_a_share_of_one_it_never_opens(now: list[float]) -> None:
    """Whoever wants no circuit breaker sets its share to 1."""
    never = CircuitBreaker("in", share=1, records=1, seconds=60, clock=lambda: now[0])
    assert not never.opens([BAD] * 10_000)
