"""The classifier's work as one pure function: received records in, classified records out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.messages.codec import Received, inquiries, write_classified
from services.messages.dead_letter import write_rejected
from services.messages.decision import Alternative, Classification
from services.messages.decision import Model as ModelId
from services.messages.inquiry import Inquiry
from services.messages.record import Output, Record
from services.messages.rejection import RejectedError

SOURCE = "/inquiry-triage/classifier"
ALTERNATIVES = 3
# More digits than the model has; fewer would round a sure answer up to certainty.
DIGITS = 6


class Scores(Protocol):
    """What a model says of n texts."""

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """Calibrated, of shape (n, labels); each row sums to 1."""

    @property
    def in_remit(self) -> NDArray[np.float32]:
        """Calibrated probability that any department should get it, of shape (n,)."""


class Scorer(Protocol):
    """A text model."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def version(self) -> str:
        """Its version."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The departments, in the order of the probabilities."""

    def score(self, texts: Sequence[str]) -> Scores:
        """Score a batch of texts."""


def answer_records(
    records: Sequence[Record], model: Scorer, *, topic: str, rejected_topic: str, now: datetime
) -> list[Output]:
    """Answer each record with one output, in order: classified, or rejected with the reason."""
    read = [_read(record) for record in records]
    accepted = [received.body for received in read if isinstance(received, Received)]
    answers = iter(classify(accepted, model, now))
    return [
        write_classified(record, received, next(answers), topic=topic, by=SOURCE)
        if isinstance(received, Received)
        else write_rejected(record, received, topic=rejected_topic, by=SOURCE, at=now)
        for record, received in zip(records, read, strict=True)
    ]


def classify(asked: Sequence[Inquiry], model: Scorer, now: datetime) -> list[Classification]:
    """Give each inquiry its most probable department and the next three."""
    scores = model.score([inquiry.said for inquiry in asked])
    rounded = np.round(scores.probabilities.astype(np.float64), DIGITS)
    best = np.argsort(-rounded, axis=1, kind="stable")[:, : ALTERNATIVES + 1]
    probabilities = np.take_along_axis(rounded, best, axis=1).tolist()
    in_remit = np.round(scores.in_remit.astype(np.float64), DIGITS).tolist()
    ranked = np.array(model.labels, dtype=object)[best].tolist()
    model_id = ModelId(model.name, model.version)
    return [
        Classification(
            model=model_id,
            department=names[0],
            probability=values[0],
            alternatives=tuple(map(Alternative, names[1:], values[1:])),
            in_remit=remit,
            classified_at=now,
        )
        for names, values, remit in zip(ranked, probabilities, in_remit, strict=True)
    ]


def _read(record: Record) -> Received[Inquiry] | RejectedError:
    try:
        return inquiries.read(record)
    except RejectedError as error:
        return error
