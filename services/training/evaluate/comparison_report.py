"""A comparison as one page that needs nothing else, for the people who decide what runs."""

from collections.abc import Iterator
from itertools import groupby

from services.palette import css
from services.training.data.lessons import doubts
from services.training.evaluate.comparison import Comparison, Verdict
from services.training.evaluate.paired import LOSS
from services.training.evaluate.report import environment

MEANING: dict[Verdict, str] = {
    "better": "It is better over all lessons, and in no part of them worse beyond chance.",
    "no worse": "Nowhere is it worse beyond chance, and over all lessons a loss of six points "
    "would have been seen.",
    "worse": "It is worse there by more than chance explains: it should not take the champion's "
    "place.",
    "too few to say": "With so few lessons even a loss of six points could have gone unseen: wait "
    "for more.",
}
# The widest difference that the bars show, in points; what is wider ends at the edge.
WIDEST = 15.0


def cautions(found: Comparison) -> Iterator[str]:
    """Say what has to be known before the verdict is believed, a sentence each."""
    if found.champion == found.candidate:
        yield "Both are the same version, so this tells nothing: see which folders were named."
    yield from doubts(found.kinds, found.modes)
    if few := found.those("too few to say"):
        judged = sum(bool(each.says) for each in found.compared)
        yield (
            f"For {len(few):,} of {judged:,} figures the lessons are too few: a loss of {LOSS:.0%} "
            "could have gone unseen."
        )
    left_out = (
        (found.returned, "that departments returned"),
        (found.older, "older than those asked for"),
        (found.learnt, "that a model has learnt, exactly or nearly"),
    )
    if listed := ", ".join(f"{count:,} {what}" for count, what in left_out if count):
        yield f"Left out: {listed}."


def render_comparison(found: Comparison) -> str:
    """Return the page."""
    return (
        environment()
        .get_template("comparison.html.jinja")
        .render(
            found=found,
            meaning=MEANING[found.verdict],
            cautions=[*cautions(found)],
            parts=[(kind, [*each]) for kind, each in groupby(found.compared, lambda e: e.kind)],
            place=_place,
            palette=css(),
        )
    )


def _place(difference: float) -> float:
    """Return where a difference stands on a bar of 0 to 100."""
    return 50 + 50 * max(-1.0, min(1.0, 100 * difference / WIDEST))
