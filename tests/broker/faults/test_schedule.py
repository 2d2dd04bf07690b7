from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from random import Random

import pytest

from tests.broker.exactly_once import Faults
from tests.broker.faults.figures import (
    FAILOVER_LIMIT,
    KILLED,
    TAKEOVER_LIMIT,
    Failover,
    Figures,
    table,
)
from tests.broker.faults.form import LONG, SHORT, Form
from tests.broker.faults.judged import Log, Misjudged
from tests.broker.faults.kinds import ALONE, OF_BROKER, OF_SERVICES, OF_THREE, Fault
from tests.broker.faults.scene import STRUCK
from tests.broker.faults.schedule import draw

NOTHING = Log([], [], [], [], [])


def test_a_seed_plays_the_same_faults_again() -> None:
    """The same seed gives the same faults at the same moments, another seed gives others."""
    assert draw(Random(7), LONG, OF_THREE) == draw(Random(7), LONG, OF_THREE)
    assert draw(Random(7), LONG, OF_THREE) != draw(Random(8), LONG, OF_THREE)


@pytest.mark.parametrize("form", [SHORT, LONG], ids=["short", "long"])
@pytest.mark.parametrize("of_brokers", [OF_BROKER, OF_THREE], ids=["one", "three"])
@pytest.mark.parametrize("seed", range(5))
def test_every_fault_strikes_every_service(
    form: Form, seed: int, of_brokers: Sequence[Fault]
) -> None:
    """Whatever the seed, each fault of a service strikes classifier, router and settler alike."""
    strikes = [strike for step in draw(Random(seed), form, of_brokers) for strike in step]
    struck = Counter((strike.fault.name, strike.service) for strike in strikes)
    for faults, times in ((OF_SERVICES, form.repeats), (ALONE, form.alone)):
        for fault in faults:
            assert [struck[fault.name, service] for service in STRUCK] == [times] * len(STRUCK)
    assert {fault.name for fault in of_brokers} <= {name for name, _ in struck}


@pytest.mark.parametrize(
    ("faults", "misjudged", "takeover", "failed"),
    [
        (Faults(), [], TAKEOVER_LIMIT, False),
        (Faults(lost=[3]), [], 1, True),
        (Faults(doubled=[3]), [], 1, True),
        (Faults(altered=[3]), [], 1, True),
        (Faults(out_of_order=[3]), [], 1, True),
        (Faults(), [3], 1, True),
        (Faults(), [], TAKEOVER_LIMIT + 0.1, True),
    ],
    ids="well lost doubled altered order reason late".split(),
)
def test_a_broken_promise_fails_the_run(
    faults: Faults, misjudged: list[int], takeover: float, *, failed: bool
) -> None:
    """A run fails where one record went wrong or one takeover was late, and says which record."""
    figures = Figures(takeovers=[takeover])
    figures.note(20_000, faults, misjudged)
    assert figures.failed is failed
    assert ("records [3]" in table(figures)) is (failed and takeover <= TAKEOVER_LIMIT)


@pytest.mark.parametrize(
    ("what", "after", "failed"),
    [
        (KILLED, FAILOVER_LIMIT, False),
        (KILLED, FAILOVER_LIMIT + 0.1, True),
        ("frozen", FAILOVER_LIMIT + 60, False),  # a client's own limit is on top there
    ],
)
def test_inquiries_flow_soon_after_the_brokers_have_failed_over(
    what: str, after: float, *, failed: bool
) -> None:
    """A run fails where a broker was killed and inquiries stood still longer than plain clients."""
    figures = Figures()
    figures.failovers[what].append(Failover(7, 7, 7, 7 + after))
    assert figures.failed is failed


@pytest.mark.parametrize("what", [each.name for each in fields(Misjudged)])
def test_a_broken_promise_of_what_people_judged_fails_the_run(what: str) -> None:
    """A run fails where one inquiry went wrong once it was judged, and says where it lay."""
    figures = Figures()
    figures.note_judged(0, NOTHING, Misjudged(**{what: [(3, 4711)]}))
    assert figures.failed
    assert "inquiries [(3, 4711)]" in table(figures)


def test_a_judgement_that_was_published_and_is_not_there_fails_the_run() -> None:
    """What people said has to be in the log, or nothing of it can be compared."""
    figures = Figures()
    figures.note_judged(1, NOTHING, Misjudged())
    assert figures.failed
