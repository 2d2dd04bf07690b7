import pytest

from services.desk.claims import REFUSED_MS, Hold, held
from services.messages.claim import Claim
from tests.unit.desk_logs import LASTS_MS, a_claim, a_judgement, a_place

PLACE = a_place()
MINUTE = 60_000


def folded(*log: tuple[int, Claim]) -> Hold:
    """Return what is known after some records, at their times; each stands at its number."""
    hold: Hold | None = None
    for offset, (at, claim) in enumerate(log):
        hold = held(hold, claim, offset, at, LASTS_MS)
    assert hold is not None
    return hold


def test_the_first_claim_in_the_log_counts() -> None:
    """Whoever comes second has nothing, though they came at the same time."""
    hold = folded((0, a_claim("claimed", PLACE)), (0, a_claim("claimed", PLACE, "ben")))
    assert (hold.by, hold.claim) == ("anne", 0)
    assert not hold.is_for("ben", LASTS_MS - 1)


def test_a_claim_lapses_by_the_times_of_the_log() -> None:
    """Who claims after ten minutes has it; whoever had it before cannot choose any more."""
    hold = folded(
        (0, a_claim("claimed", PLACE)),
        (LASTS_MS, a_claim("claimed", PLACE, "ben")),
        (LASTS_MS, a_claim("chosen", PLACE, "anne", 0)),
    )
    assert (hold.by, hold.claim, hold.chosen) == ("ben", 1, None)


def test_a_claim_that_is_renewed_lasts_longer_and_stays_the_same() -> None:
    """A form of before the renewal is still good after it."""
    hold = folded((0, a_claim("claimed", PLACE)), (9 * MINUTE, a_claim("claimed", PLACE)))
    assert (hold.claim, hold.until) == (0, 9 * MINUTE + LASTS_MS)


def test_who_skips_is_known_and_the_next_has_it() -> None:
    """Skipping lets others have it at once; giving it back says nothing of who does not want it."""
    hold = folded(
        (0, a_claim("claimed", PLACE)),
        (1, a_claim("released", PLACE, "anne", 0, reason="I cannot read it")),
        (2, a_claim("claimed", PLACE, "ben")),
        (3, a_claim("released", PLACE, "ben", 2)),
    )
    assert hold.by == ""
    assert hold.skipped == ("anne",)


@pytest.mark.parametrize(
    ("steps", "chosen", "sent"),
    [
        (["chosen"], True, False),
        (["chosen", "undone"], False, False),
        (["chosen", "sent"], True, True),
        (["chosen", "sent", "undone"], True, True),
        (["chosen", "undone", "sent"], False, False),
        (["chosen", "undone", "chosen", "sent"], True, True),
        (["sent"], False, False),
        (["undone"], False, False),
    ],
)
def test_undone_or_sent_is_what_the_log_has_first(
    steps: list[str], *, chosen: bool, sent: bool
) -> None:
    """What was undone is never sent, what was sent never undone, whoever was quicker."""
    log = [(0, a_claim("claimed", PLACE))]
    log += [(at, a_claim(kind, PLACE, "anne", 0)) for at, kind in enumerate(steps, 1)]  # type: ignore[arg-type]
    hold = folded(*log)
    assert (hold.chosen is not None, hold.sent_at is not None) == (chosen, sent)


def test_another_choice_takes_the_place_of_the_first_until_it_is_sent() -> None:
    """A form that was sent twice with two answers, as after an error page, has the last one."""
    other = a_judgement(PLACE, department="hm-treasury")
    log = [
        (0, a_claim("claimed", PLACE)),
        (1, a_claim("chosen", PLACE, "anne", 0)),
        (2, a_claim("chosen", PLACE, "anne", 0, judgement=other)),
    ]
    late = [(3, a_claim("sent", PLACE, "anne", 0)), (4, a_claim("chosen", PLACE, "anne", 0))]
    assert folded(*log).chosen == other
    assert folded(*log, *late).chosen == other


def test_who_looked_before_choosing_did_not_choose_blind() -> None:
    """The log says so, where the replica that wrote the choice had not heard of the look."""
    hold = folded(
        (0, a_claim("claimed", PLACE)),
        (1, a_claim("looked", PLACE, "anne", 0)),
        (2, a_claim("chosen", PLACE, "anne", 0)),
    )
    assert hold.chosen is not None
    assert hold.chosen.mode == "on-request"


@pytest.mark.parametrize(
    "between",
    [
        [a_claim("released", PLACE, "anne", 0)],
        [a_claim("claimed", PLACE, "ben"), a_claim("released", PLACE, "ben", 2)],
    ],
    ids=["given back", "lapsed, and another's meanwhile"],
)
def test_who_looked_once_never_chooses_blind(between: list[Claim]) -> None:
    """What somebody has seen they know, also where they give it back and get it once more."""
    log = [a_claim("claimed", PLACE), a_claim("looked", PLACE, "anne", 0), *between]
    log += [a_claim("claimed", PLACE), a_claim("chosen", PLACE, "anne", len(log))]
    hold = folded(*((LASTS_MS * at, claim) for at, claim in enumerate(log)))
    assert hold.chosen is not None
    assert (hold.looked, hold.chosen.mode) == (True, "on-request")


def test_what_somebody_else_saw_is_not_shown() -> None:
    """Who gets an inquiry at which another has looked may judge it blind."""
    hold = folded(
        (0, a_claim("claimed", PLACE)),
        (1, a_claim("looked", PLACE, "anne", 0)),
        (2, a_claim("released", PLACE, "anne", 0)),
        (3, a_claim("claimed", PLACE, "ben")),
        (4, a_claim("chosen", PLACE, "ben", 3)),
    )
    assert hold.chosen is not None
    assert (hold.looked, hold.chosen.mode) == (False, "blind")


def test_what_the_settler_refused_is_for_anybody_again() -> None:
    """A decision that was sent and never settled does not hold its inquiry for ever."""
    log = [
        (0, a_claim("claimed", PLACE)),
        (1, a_claim("chosen", PLACE, "anne", 0)),
        (2, a_claim("sent", PLACE, "anne", 0)),
    ]
    assert folded(*log, (REFUSED_MS, a_claim("claimed", PLACE, "ben"))).by == "anne"
    assert folded(*log, (REFUSED_MS + 2, a_claim("claimed", PLACE, "ben"))).by == "ben"


def test_a_claim_on_a_topic_that_was_made_anew_is_nobodys() -> None:
    """Where another event lies at a place, what was done before says nothing of it."""
    other = a_place()
    renamed = a_claim("claimed", type(other)(partition=0, offset=0, event_id="other"), "ben")
    hold = folded((0, a_claim("claimed", PLACE)), (1, renamed))
    assert hold.by == "ben"


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("claimed", {"claim": 1}),
        ("chosen", {"judgement": None, "claim": 1}),
        ("released", {"judgement": a_judgement(PLACE), "claim": 1}),
        ("undone", {}),
    ],
)
def test_a_record_that_contradicts_itself_is_none(kind: str, fields: dict[str, object]) -> None:
    """Each kind has what belongs to it, and nothing else."""
    with pytest.raises(ValueError, match="belongs"):
        a_claim(kind, PLACE, **fields)  # type: ignore[arg-type]


def test_nothing_that_a_person_wrote_is_in_a_repr() -> None:
    """A signpost may quote a citizen."""
    judgement = a_judgement(PLACE, outcome="not-ours", department=None, signpost="Mrs Secret")
    claim = a_claim("chosen", PLACE, "anne", 0, judgement=judgement)
    hold = folded((0, a_claim("claimed", PLACE)), (1, claim))
    assert "Secret" not in f"{claim!r} {hold!r}"
