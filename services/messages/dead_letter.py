"""What is written beside a rejected record: the record itself stays as it came."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from services.messages.record import Output, Record
from services.messages.rejection import RejectedError, Rejection

REJECTED = "inquiry.rejected.v1"

Offset = Annotated[int, Meta(ge=0)]


class DeadLetter(Struct, frozen=True, kw_only=True, rename="kebab"):
    """The headers that a dead letter has after those of the record it keeps.

    A record that is replayed and rejected again carries them once more: the last ones count.
    """

    rejected_reason: Rejection
    rejected_detail: Annotated[str, Meta(description="What was wrong; never what was said.")]
    rejected_topic: Annotated[str, Meta(description="The topic the record was read from.")]
    rejected_partition: Offset
    rejected_offset: Offset
    rejected_by: Annotated[str, Meta(description="The service that rejected it.")]
    rejected_at: Annotated[datetime, Meta(tz=True)]


def write_rejected(
    record: Record, error: RejectedError, *, topic: str, by: str, at: datetime
) -> Output:
    """Write a record to the dead letters, byte for byte, with the reason in its headers."""
    letter = DeadLetter(
        rejected_reason=error.reason,
        rejected_detail=error.detail,
        rejected_topic=record.topic,
        rejected_partition=record.partition,
        rejected_offset=record.offset,
        rejected_by=by,
        rejected_at=at,
    )
    own = [(name, str(value).encode()) for name, value in msgspec.to_builtins(letter).items()]
    return Output(topic, record.key, record.value, [*record.headers, *own], error.reason)
