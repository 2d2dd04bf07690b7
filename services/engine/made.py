"""What a batch of records becomes: outputs, and of which record each was made."""

from collections.abc import Sequence
from typing import NamedTuple

from services.engine.job import Reject, Result
from services.messages.record import Output, Record
from services.messages.rejection import RejectedError


class Made(NamedTuple):
    """The outputs of a batch, in order, and of each the index of its record."""

    outputs: list[Output]
    sources: list[int]


def made_of(records: Sequence[Record], results: Sequence[Result], reject: Reject) -> Made:
    """Take results apart: a record's one output, its several, or its dead letter."""
    outputs: list[Output] = []
    sources: list[int] = []
    for index, result in enumerate(results):
        if isinstance(result, Output):
            outputs.append(result)
            sources.append(index)
        elif isinstance(result, RejectedError):
            outputs.append(reject(records[index], result))
            sources.append(index)
        else:
            outputs.extend(result)
            sources.extend([index] * len(result))
    return Made(outputs, sources)
