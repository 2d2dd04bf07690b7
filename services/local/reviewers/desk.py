"""The simulated desk: records that wait go in, judgements come out, and it is counted which."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.local.reviewers.judging import Reviewers, random_for, waiting_of
from services.local.reviewers.truths import Truths
from services.messages.judgement import Judgement, Outcome, Source, Verdict
from services.messages.record import Record
from services.operate.installation import Installation


def sources_of(installation: Installation, *, audit: bool) -> dict[str, Source]:
    """Return the topics on which inquiries wait to be judged, and what lies on each."""
    sources: dict[str, Source] = {installation.table.review_topic: "review"}
    if audit:
        sources[installation.settler.audit_topic] = "audit"
    return sources


class CountsVerdicts:
    """Counts what has to become of judgements; what is judged and said follows from that."""

    verdicts: Counter[Verdict]

    @property
    def judged(self) -> int:
        """How many inquiries have been judged."""
        return self.verdicts["counted"]

    @property
    def said(self) -> int:
        """How many judgements there have been."""
        return self.verdicts.total()


@dataclass
class Desk(CountsVerdicts):
    """Judges what waits by the truth, and counts.

    `taken` is how many records it was given. Of these it has judged some, counted by the `outcome`
    that counts, and left others alone, counted by why. `verdicts` is what has to become of all
    that was said, as long as nobody else judges.

    Args:
        sources: What lies on each topic that is read.
        reviewers: Who judges.
        truths: What is right, by the inquiry's id.
        seed: The same says the same of the same inquiries.
        now: Tells when they judge.
    """

    sources: Mapping[str, Source]
    reviewers: Reviewers
    truths: Truths = field(repr=False)
    seed: int
    now: Callable[[], datetime]
    taken: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)

    @property
    def who(self) -> str:
        """What they are called where it is told what they did."""
        return f"simulated people, {self.reviewers.wrong * 100:g} % of whose answers are wrong,"

    def judge(self, record: Record) -> list[Judgement]:
        """Return what is said of a record, in order; nothing where it is left alone."""
        self.taken += 1
        waiting = waiting_of(record, self.sources[record.topic])
        if waiting is None:
            return self._leave("no inquiry that the settler would take")
        truth = self.truths.get(waiting.inquiry)
        if truth is None:
            return self._leave("without a truth")
        random = random_for(self.seed, waiting.place)
        said = self.reviewers.judgements_of(waiting, truth, random, self.now())
        if not said:
            return self._leave("escalated, for somebody else to decide")
        self._count(said)
        return said

    def _leave(self, why: str) -> list[Judgement]:
        self.left[why] += 1
        return []

    def _count(self, said: list[Judgement]) -> None:
        first = said[0]
        self.outcomes[first.outcome] += 1
        self.verdicts["counted"] += 1
        for each in said[1:]:
            self.verdicts["repeated" if each.id == first.id else "late"] += 1
