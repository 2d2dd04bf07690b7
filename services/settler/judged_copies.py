"""What judged audit copies say of what went by itself: a tally for each department and day.

The notes alone tell it, as they tell what is settled. Tallies add up, over partitions and over
processes, so each process shows those of the partitions that it works.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date

from msgspec import Struct

from services.messages.decision import Sample
from services.messages.judgement import At, Outcome, Settled, Suggested, Verdict
from services.model.kept_promise import Tally


class NotedCopy(Struct, gc=False):
    """Of the note of an audit copy what is counted; those of older versions have no sample."""

    verdict: Verdict
    outcome: Outcome
    settled_at: At
    department: str | None = None
    suggested: Suggested | None = None
    sample: Sample | None = None


class JudgedCopies:
    """The copies of one partition that were judged."""

    def __init__(self) -> None:
        self._days: dict[date, dict[str, Tally]] = {}

    def note(self, notes: Iterable[Settled | NotedCopy]) -> None:
        """Take note of judgements, of which those count that say of a copy what is right.

        Whoever escalates says neither that the department is right nor that it is wrong.
        """
        for each in notes:
            sample, suggested = each.sample, each.suggested
            if each.verdict != "counted" or sample is None or suggested is None:
                continue
            if each.outcome != "escalate":
                tallies = self._days.setdefault(each.settled_at.astimezone(UTC).date(), {})
                tallies[suggested.department] = tallies.get(
                    suggested.department, Tally()
                ).with_copy(chance=sample.chance, right=each.department == suggested.department)

    def since(self, first: date) -> Iterator[tuple[str, Tally]]:
        """Yield the tallies of all days from one on, and forget those before it."""
        self._days = {day: tallies for day, tallies in self._days.items() if day >= first}
        for tallies in self._days.values():
            yield from tallies.items()


class CopiesAtWork:
    """The judged copies of all partitions that this process works."""

    def __init__(self) -> None:
        self._partitions: list[JudgedCopies] = []

    @contextmanager
    def counting(self, copies: JudgedCopies) -> Iterator[None]:
        """Count those of a partition for as long as the block runs: afterwards another does."""
        self._partitions.append(copies)
        try:
            yield
        finally:
            self._partitions.remove(copies)

    def since(self, first: date) -> Mapping[str, Tally]:
        """Return the tally of each department, of all days from one on."""
        tallies: dict[str, Tally] = defaultdict(Tally)
        for copies in self._partitions:
            for department, tally in copies.since(first):
                tallies[department] = tallies[department].plus(tally)
        return tallies
