from pathlib import Path

import pytest

from benchmarks.paper import COSTS, LINGER, lines, transactions

# What each took of a core on eight partitions, of which no formula was made, in how much of a
# transaction for each of 438 inquiries a second.
RATE, PARTITIONS = 438.2, 8
MEASURED = {"classifier": (0.292, 0.3673), "router": (0.291, 0.3052), "broker": (0.583, 0.7284)}
SCALE = Path(__file__).parents[2] / "docs" / "scale.md"


def test_a_seldom_inquiry_has_a_transaction_of_its_own() -> None:
    """One in ten seconds of each partition is one transaction in ten seconds of each."""
    assert transactions(0.4, 4) == pytest.approx(0.4, rel=0.01)


def test_many_inquiries_share_as_many_transactions_as_fit() -> None:
    """However many come, a partition begins no more than the linger leaves room for."""
    assert transactions(100_000, 4) == pytest.approx(4 / LINGER)


@pytest.mark.parametrize("name", COSTS)
def test_each_inquiry_costs_less_the_more_come(name: str) -> None:
    """Ten times as many take less than ten times as much of the CPU."""
    one, ten = (COSTS[name].cores(rate, transactions(rate, 4), 4) / rate for rate in (100, 1_000))
    assert ten < one


@pytest.mark.parametrize("name", COSTS)
def test_the_paper_holds_where_it_was_measured(name: str) -> None:
    """What was measured on other partitions and at another rate is within a fifth."""
    each, measured = MEASURED[name]
    paper = COSTS[name].cores(RATE, RATE * each, PARTITIONS)
    assert paper == pytest.approx(measured, rel=0.2)


def test_the_page_says_what_the_formulas_give() -> None:
    """What ten million an hour need stands in docs/scale.md as the command prints it."""
    page = SCALE.read_text(encoding="utf-8")
    assert [each for each in map(str, lines(2_778, 12, 7, 8)) if each not in page] == []
