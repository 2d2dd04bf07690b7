"""The rows of the tables that show how things stand; the first cell says what a row is about."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo

from services.desk.interface import Agreement, Item
from services.desk.pages.times import said
from services.messages.decision import REASONS, Reason
from services.messages.judgement import Mode, Settled, Verdict

Names = Mapping[str, str]
Row = tuple[str, ...]

HOW: Mapping[Mode, str] = {
    "blind": "without seeing it",
    "on-request": "having asked for it",
    "shown": "shown it at once",
}
OUTCOME: Mapping[str, str] = {
    "not-ours": "Not for any of these",
    "escalate": "Somebody else has to decide",
}
# What people are told; REASONS tells readers of events where they find more.
WHY: Mapping[Reason, str] = {
    **REASONS,
    "rule": "A rule of the routing table wants a person to see it.",
    "returned": "A department has sent it back.",
}
UNKNOWN = "not known"
DONE: Mapping[Verdict, str] = {
    "counted": "It counted",
    "repeated": "Sent twice",
    "late": "Somebody else came first",
}


def share(part: float) -> str:
    """Return a probability or a share, such as `72%`: never 100% or 0% of what is not."""
    percent = round(part * 100)
    if percent == 100 and part < 1:  # noqa: PLR2004 - of a hundred
        return "over 99%"
    return "under 1%" if percent == 0 and part > 0 else f"{percent}%"


def reason_name(reason: str) -> str:
    """Return a reason as words."""
    return reason.replace("-", " ").capitalize()


def counted(counts: Mapping[str, int], names: Names) -> list[Row]:
    """Return how many there are of each, most first."""
    most_first = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return [(names.get(label, reason_name(label)), f"{count:,}") for label, count in most_first]


def agreed(agreements: Sequence[Agreement], names: Names, *, kappa: bool = False) -> list[Row]:
    """Return how often people agree, by department and over all."""
    return [
        (
            names.get(each.department, each.department),
            f"{each.judged:,}",
            share(each.agreed / each.judged) if each.judged else UNKNOWN,
            *([f"{each.kappa:.2f}" if each.kappa is not None else UNKNOWN] if kappa else []),
        )
        for each in agreements
    ]


def differing(differ: Sequence[tuple[Item, str, str]], names: Names) -> list[Row]:
    """Return where two people differ."""
    return [(_place(item), *(_answer(each, names) for each in both)) for item, *both in differ]


def decided(notes: Sequence[Settled], names: Names, zone: tzinfo) -> Iterator[Row]:
    """Yield what was decided, as far as notes tell."""
    for note in notes:
        place, suggested = note.record, note.suggested
        yield (
            f"{place.topic} {place.partition}/{place.offset}",
            said(note.at, zone),
            reason_name(note.reason) if note.reason else UNKNOWN,
            f"{_answer(suggested.department, names)}, {share(suggested.probability)}"
            if suggested
            else UNKNOWN,
            _answer(note.department or note.outcome, names),
            HOW[note.mode].capitalize(),
            DONE[note.verdict],
        )


def _place(item: Item) -> str:
    return f"{item.source} {item.partition}/{item.offset}"


def _answer(label: str, names: Names) -> str:
    return OUTCOME.get(label) or names.get(label, label)
