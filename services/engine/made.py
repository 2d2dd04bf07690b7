"""What a batch of records becomes: outputs, and of which record each was made."""

from collections.abc import Sequence
from typing import NamedTuple

from services.engine.job import Reject, Result
from services.messages.record import Nothing, Output, Record
from services.messages.rejection import RejectedError


class Made(NamedTuple):
    """The outputs of a batch, in order, and of each the index of its record.

    Last is what was decided of the records of which nothing is written.
    """

    outputs: list[Output]
    sources: list[int]
    nothings: Sequence[Nothing] = ()


def made_of(records: Sequence[Record], results: Sequence[Result], reject: Reject) -> Made:
    """Take results apart: a record's one output, its several, its dead letter, or none."""
    outputs: list[Output] = []
    sources: list[int] = []
    nothings: list[Nothing] = []
    for index, result in enumerate(results):
        if isinstance(result, Output):
            outputs.append(result)
            sources.append(index)
        elif isinstance(result, Nothing):
            nothings.append(result)
        elif isinstance(result, RejectedError):
            outputs.append(reject(records[index], result))
            sources.append(index)
        else:
            outputs.extend(result)
            sources.extend([index] * len(result))
    return Made(outputs, sources, nothings)
