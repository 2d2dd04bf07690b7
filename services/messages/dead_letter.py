"""What is written beside a rejected record: the record itself stays as it came."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from services.messages.record import Header, Headers, Output, Record
from services.messages.rejection import RejectedError, Rejection

REJECTED = "inquiry.rejected.v1"
REPLAYED = "inquiry.replayed.v1"

# A record that is sent once more says how often that was done, so that its next letter can.
TIMES_HEADER = "replayed-times"

Offset = Annotated[int, Meta(ge=0)]


class DeadLetter(Struct, frozen=True, kw_only=True, rename="kebab"):
    """The headers that a dead letter has after those of the record it keeps.

    A record may have come with headers of these names: the last ones count.
    """

    rejected_reason: Rejection
    rejected_detail: Annotated[str, Meta(description="What was wrong; never what was said.")]
    rejected_topic: Annotated[str, Meta(description="The topic the record was read from.")]
    rejected_partition: Offset
    rejected_offset: Offset
    rejected_by: Annotated[str, Meta(description="The service that rejected it.")]
    rejected_at: Annotated[datetime, Meta(tz=True)]
    rejected_times: Annotated[
        int, Meta(ge=1, description="How often it was rejected: once more than it was replayed.")
    ] = 1


class Replayed(Struct, frozen=True, kw_only=True, rename="kebab"):
    """The headers of a note among the dead letters that one of them was sent once more.

    The note has neither key nor value.
    """

    replayed_partition: Annotated[Offset, Meta(description="Where the dead letter lies.")]
    replayed_offset: Offset
    replayed_at: Annotated[datetime, Meta(tz=True)]


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
        rejected_times=1 + times_replayed(record.headers),
    )
    headers = [*record.headers, *as_headers(letter)]
    return Output(topic, record.key, record.value, headers)


def as_headers(said: DeadLetter | Replayed) -> list[Header]:
    """Return the headers that say it."""
    plain = msgspec.to_builtins(said)
    return [(name, str(value).encode()) for name, value in plain.items()]


def times_replayed(headers: Headers) -> int:
    """Return how often a record was replayed, as far as its headers say; the last one counts."""
    said = [value for name, value in headers if name == TIMES_HEADER]
    last = said[-1] or b"" if said else b""
    return int(last) if last.isdigit() and len(last) < 10 else 0  # noqa: PLR2004 - anybody's header
