"""An inquiry as a page shows it, made of the event, the state and the routing table."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple

from services.desk.claims import Hold
from services.desk.interface import Choice, InquiryPage, Likely, ModelView, Undoable
from services.desk.marks import Marker
from services.desk.returned import said_of_return
from services.desk.state import Slot, State
from services.messages.codec import Judged
from services.messages.decision import Classification, Model
from services.messages.judgement import Judgement
from services.model.manifest import Limits
from services.router.table import Table

# Gives the words of a text that spoke for the department that a model chose, if it knows them.
Words = Callable[[Model, str], Sequence[str]]


class Views(NamedTuple):
    """What pages are made with, beside the inquiry.

    Args:
        table: The routing table.
        limits: The limits of each model.
        marker: Finds the rules' phrases.
        words: Finds the words that spoke.
    """

    table: Table
    limits: Mapping[Model, Limits]
    marker: Marker
    words: Words

    def page(
        self, state: State, slot: Slot, hold: Hold, judged: Judged, undo: Undoable | None
    ) -> InquiryPage:
        """Return the page of an inquiry for who has it."""
        body = judged.received.body
        inquiry = body.inquiry
        waiting = state.waiting_at(slot.item)
        mode = "blind" if slot.second or waiting is None else waiting.mode
        seen = mode == "shown" or (hold.looked and mode != "blind")
        return InquiryPage(
            item=slot.item,
            judgement=judgement_id(slot, hold),
            subject=inquiry.subject,
            text=self.marker.mark(inquiry.text),
            language=inquiry.language,
            channel=inquiry.channel,
            received_at=inquiry.received_at,
            waiting_since=at_ms(judged.record.timestamp),
            high=waiting is not None and waiting.high,
            returned=[*said_of_return(body.returned, self.name_of)],
            same_case=() if waiting is None or not waiting.case else state.same_case(waiting),
            shown_from_start=mode == "shown",
            may_look=mode == "on-request" and not hold.looked,
            view=self._view(judged) if seen else None,
            until=at_ms(hold.until),
            second=slot.second,
            undo=undo,
            chosen=None if hold.thought is None else _choice(hold.thought),
        )

    def _view(self, judged: Judged) -> ModelView:
        body = judged.received.body
        made = body.classification
        model = made.model
        return ModelView(
            likely=self._likely(made),
            reason=body.route.reason,
            rule=body.route.rule,
            flags=made.flags,
            words=self.words(model, body.inquiry.full_text),
            model=f"{model.name} {model.version}",
        )

    def _likely(self, made: Classification) -> list[Likely]:
        known = self.limits.get(made.model)
        thresholds = known.thresholds if known else {}
        choices = [(made.department, made.probability)]
        choices += [(each.department, each.probability) for each in made.alternatives]
        return [
            Likely(label, self.name_of(label), probability, thresholds.get(label))
            for label, probability in choices
        ]

    def name_of(self, label: str) -> str:
        """Return what a department is called; its label where the table has it no more."""
        department = self.table.departments.get(label)
        return department.name if department else label


def judgement_id(slot: Slot, hold: Hold) -> str:
    """Return the id of the judgement that comes of a claim: the same one, however often asked."""
    what = f"{'/'.join(map(str, slot.item))}|{slot.second}|{hold.by}|{hold.claim}"
    return sha256(what.encode()).hexdigest()[:32]


def at_ms(milliseconds: int) -> datetime:
    """Return the time of a record's timestamp."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _choice(judgement: Judgement) -> Choice:
    return Choice(
        judgement.id,
        judgement.outcome,
        judgement.department,
        judgement.signpost,
        judgement.correct,
    )
