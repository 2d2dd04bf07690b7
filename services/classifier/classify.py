"""The classifier's work as one pure function: received records in, classified records out."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from services.messages.codec import Received, inquiries, write_classified
from services.messages.decision import Alternative, Classification
from services.messages.decision import Model as ModelId
from services.messages.inquiry import Inquiry
from services.messages.record import Output, Record
from services.messages.rejection import RejectedError
from services.model.reading import read
from services.model.scorer import DIGITS, Scorer

SOURCE = "/inquiry-triage/classifier"
ALTERNATIVES = 3


def classify_records(
    records: Sequence[Record], model: Scorer, *, topic: str, now: datetime
) -> list[Output | RejectedError]:
    """Return one result for each record, in order: classified, or why it cannot be read."""
    read = [inquiries.read_or_reject(record) for record in records]
    accepted = [received.body for received in read if isinstance(received, Received)]
    classifications = iter(classify(accepted, model, now))
    return [
        write_classified(record, received, next(classifications), topic=topic, by=SOURCE)
        if isinstance(received, Received)
        else received
        for record, received in zip(records, read, strict=True)
    ]


def classify(batch: Sequence[Inquiry], model: Scorer, now: datetime) -> list[Classification]:
    """Return each inquiry its most probable department and the next three."""
    scores = model.score([read(each.text, each.subject).text for each in batch])
    rounded = np.round(scores.probabilities.astype(np.float64), DIGITS)
    best = np.argsort(-rounded, axis=1, kind="stable")[:, : ALTERNATIVES + 1]
    probabilities = np.take_along_axis(rounded, best, axis=1).tolist()
    in_remit = np.round(scores.in_remit.astype(np.float64), DIGITS).tolist()
    ranked = np.array(model.labels, dtype=object)[best].tolist()
    flags = np.round(scores.flags.astype(np.float64), DIGITS).tolist()
    model_id = ModelId(model.name, model.version)
    return [
        Classification(
            model=model_id,
            department=names[0],
            probability=values[0],
            alternatives=tuple(map(Alternative, names[1:], values[1:])),
            in_remit=remit,
            classified_at=now,
            flags=dict(zip(model.flags, raised, strict=True)),
        )
        for names, values, remit, raised in zip(ranked, probabilities, in_remit, flags, strict=True)
    ]
