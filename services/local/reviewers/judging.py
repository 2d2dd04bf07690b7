"""What simulated people say of an inquiry: mostly the truth, at times twice, at times too late."""

import math
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import NamedTuple

from services.local.reviewers.truths import NOT_OURS, Truth
from services.messages.codec import ESCALATED_HEADER, routed
from services.messages.judgement import Judgement, Mode, Place, Source
from services.messages.record import Record
from services.messages.rejection import RejectedError

PEOPLE = tuple(f"simulated-{number:02}" for number in range(1, 13))
# How often each way of judging is: mostly the model is asked.
MODES: dict[Mode, float] = {"blind": 0.2, "on-request": 0.75, "shown": 0.05}
# How long a judgement takes: half of them at most so long, two of three within a factor of e^0.6.
MEDIAN_SECONDS, SPREAD = 25.0, 0.6
SIGNPOST = "Somebody else can help."


class Waiting(NamedTuple):
    """An inquiry that waits to be judged: where it lies, its own id, the model's first choice."""

    place: Place
    inquiry: str
    department: str
    escalated: bool = False

    def __repr__(self) -> str:
        """Show where it lies alone: an id may name a citizen."""
        return f"Waiting({self.place.key})"


def waiting_of(record: Record, source: Source) -> Waiting | None:
    """Return what waits at a record, or None where the settler would find nothing to judge."""
    received = routed[source].read_or_reject(record)
    headers = dict(record.headers)
    event_id = headers.get("ce_id")
    if isinstance(received, RejectedError) or not event_id:
        return None
    place = Place(
        topic=source,
        partition=record.partition,
        offset=record.offset,
        event_id=event_id.decode(errors="replace"),
    )
    body = received.body
    return Waiting(
        place, body.inquiry.id, body.classification.department, ESCALATED_HEADER in headers
    )


def random_for(seed: int, place: Place) -> Random:
    """Return where chance comes from for one inquiry: the same whenever and beside whichever."""
    return Random(f"{seed}/{place.event_id}")  # noqa: S311 - no secret


@dataclass(frozen=True)
class Reviewers:
    """Simulated people, and how often what happens.

    Args:
        departments: The labels to choose from.
        wrong: The share of judgements that are not the truth, but any other answer.
        double: The share of inquiries whose judgement comes twice, as by a double click.
        late: The share of inquiries that a second person judges as well, after the first.
    """

    departments: tuple[str, ...]
    wrong: float = 0.05
    double: float = 0.1
    late: float = 0.05

    def judgements_of(
        self, waiting: Waiting, truth: Truth, random: Random, at: datetime
    ) -> list[Judgement]:
        """Return what is said of an inquiry, in order: the first counts.

        Nothing is said of one that was escalated, and still is for somebody else to decide.
        """
        if waiting.escalated and truth.outcome == "escalate":
            return []
        one, other = random.sample(PEOPLE, 2)
        first = self._judgement(waiting, truth, random, one, at)
        said = [first]
        if random.random() < self.double:
            said.append(first)
        if random.random() < self.late:
            said.append(self._judgement(waiting, truth, random, other, at))
        return said

    def _judgement(
        self, waiting: Waiting, truth: Truth, random: Random, by: str, at: datetime
    ) -> Judgement:
        place = waiting.place
        outcome, department = self._answer(truth, random)
        elsewhere = outcome != "escalate" and department != waiting.department
        [mode] = random.choices([*MODES], [*MODES.values()])
        return Judgement(
            id=f"{place.topic}-{place.partition}-{place.offset}-{by}",
            record=place,
            outcome=outcome,
            department=department,
            signpost=SIGNPOST if outcome == "not-ours" else None,
            mode=mode,
            seconds=round(random.lognormvariate(math.log(MEDIAN_SECONDS), SPREAD), 1),
            by=by,
            at=at,
            correct=place.topic == "audit" and elsewhere,
        )

    def _answer(self, truth: Truth, random: Random) -> Truth:
        if random.random() >= self.wrong:
            return truth
        answers = [NOT_OURS, *(Truth("department", each) for each in self.departments)]
        return random.choice([each for each in answers if each != truth])
