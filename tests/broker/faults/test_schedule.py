from collections import Counter
from random import Random

import pytest

from tests.broker.exactly_once import Faults
from tests.broker.faults.figures import TAKEOVER_LIMIT, Figures, table
from tests.broker.faults.form import LONG, SHORT, Form
from tests.broker.faults.kinds import ALONE, OF_BROKER, OF_SERVICES
from tests.broker.faults.schedule import draw
from tests.broker.pipeline import SERVICES


def test_a_seed_plays_the_same_faults_again() -> None:
    """The same seed gives the same faults at the same moments, another seed gives others."""
    assert draw(Random(7), LONG) == draw(Random(7), LONG)
    assert draw(Random(7), LONG) != draw(Random(8), LONG)


@pytest.mark.parametrize("form", [SHORT, LONG], ids=["short", "long"])
@pytest.mark.parametrize("seed", range(5))
def test_every_fault_strikes_both_services(form: Form, seed: int) -> None:
    """Whatever the seed, each fault of a service strikes classifier and router alike."""
    strikes = [strike for step in draw(Random(seed), form) for strike in step]
    struck = Counter((strike.fault.name, strike.service) for strike in strikes)
    for fault in (*OF_SERVICES, *ALONE):
        assert [struck[fault.name, service] for service in SERVICES] == [form.repeats] * 2
    assert {fault.name for fault in OF_BROKER} <= {name for name, _ in struck}


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
