"""The codec: a record's bytes to the event that a service reads, and a result to bytes.

The inquiry's own bytes are never parsed and written again. They are spliced into the next
event as they came, so that a department receives what the citizen's system sent.
"""

import re
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

import msgspec
from msgspec import Raw, Struct, structs

from services.messages import cloudevents
from services.messages.causes import (
    CAPITALS,
    ENVELOPE,
    HTTP_HEADERS,
    NOT_AN_INQUIRY,
    NOT_JSON,
    cause_of,
    members_of,
)
from services.messages.claim import Claim
from services.messages.decision import Classification, Decided, Drawn, Route, Sample
from services.messages.events import (
    CLAIM,
    CLASSIFIED,
    DECIDED,
    JUDGED,
    RECEIVED,
    ROUTED,
    SAMPLED,
    SETTLED,
    Classified,
    DecidedInquiry,
    Routed,
    SampledInquiry,
)
from services.messages.inquiry import MAX_TEXT, Inquiry
from services.messages.judgement import Decision, Judgement, Place, Settled, Source
from services.messages.lenience import without_wrong_fields
from services.messages.record import Headers, Output, Record
from services.messages.rejection import RejectedError, Rejection
from services.messages.returned import TIMES_HEADER as RETURNED_TIMES_HEADER
from services.messages.returned import Return, Returned

T = TypeVar("T", bound=Struct)

# Names the optional fields that were wrong, on what was decided without them.
LEFT_OUT_HEADER = "triage-left-out"
# Ends the id of a copy, since no two events have one id.
SAMPLE_ID = "/sample"
# Says of an inquiry on the review topic that a person handed it on, and how often that was done.
ESCALATED_HEADER = "escalated-times"

# Of a department's return and not of the inquiry: the next one to return it says its own.
_OF_RETURNS = {RETURNED_TIMES_HEADER, *(each.encode_name for each in structs.fields(Return))}
_CLASSIFIED = frozenset(Classified.__struct_fields__)
_QUOTED = re.compile(r"Invalid enum value '.*'", re.DOTALL)
_encode = msgspec.json.Encoder().encode
_whole = msgspec.json.Decoder(Raw)


class Received(Struct, Generic[T], frozen=True, gc=False):
    """An event that was read: the typed body, the bytes it came in, and its headers.

    `left_out` names the optional fields that are wrong: the body does not have them, the bytes do.
    """

    body: T
    data: bytes
    headers: Headers
    left_out: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Show what the body shows of itself, and never the bytes."""
        return f"Received({self.body!r}, data=<{len(self.data)} bytes>)"


class Judged(NamedTuple):
    """A routed event that a person judged, and the record that it is."""

    record: Record
    received: Received[Routed]

    def __repr__(self) -> str:
        """Show what the event shows of itself."""
        return f"Judged({self.received!r})"


class Reader(Generic[T]):
    """Reads records of one event type.

    Args:
        event_type: Its CloudEvents type.
        body: What its data are.
        within: The member of the data that is the inquiry, where they are not the inquiry itself.
    """

    def __init__(self, event_type: str, body: type[T], within: str | None = None) -> None:
        self._type = event_type
        self._within = within
        self._family = event_type.rpartition(".")[0]
        self._decode = msgspec.json.Decoder(body).decode

    def read(self, record: Record) -> Received[T]:
        """Read one record.

        Raises:
            RejectedError: The record is not an event of this type that follows its schema.
        """
        return self.read_event(cloudevents.read(record))

    def read_event(self, event: cloudevents.Event) -> Received[T]:
        """Read what is in an event; see `read`."""
        if event.type != self._type and event.type is not None:
            self._refuse(event.type)
        try:
            if not event.data.isascii():
                event.data.decode()  # fields that the schema does not name are not checked below
            try:
                return Received(self._decode(event.data), event.data, event.headers)
            except msgspec.ValidationError:
                data, left_out = without_wrong_fields(event.data, self._within)
                if not left_out:
                    raise
                return Received(self._decode(data), event.data, event.headers, left_out)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _explain(error, event) from None

    def read_or_reject(self, record: Record) -> Received[T] | RejectedError:
        """Read one record, or return why it cannot be read."""
        try:
            return self.read(record)
        except RejectedError as error:
            return error

    def _refuse(self, event_type: str) -> None:
        if event_type.rpartition(".")[0] == self._family:
            detail = f"the event's version is not that of {self._type}"
            raise RejectedError(Rejection.UNSUPPORTED_VERSION, detail)
        raise RejectedError(Rejection.WRONG_EVENT, f"the event's type is not {self._type}")


inquiries: Reader[Inquiry] = Reader(RECEIVED, Inquiry)
classified: Reader[Classified] = Reader(CLASSIFIED, Classified, within="inquiry")
judgements: Reader[Judgement] = Reader(JUDGED, Judgement)
claims: Reader[Claim] = Reader(CLAIM, Claim)
routed: dict[Source, Reader[Routed]] = {
    "review": Reader(ROUTED, Routed, within="inquiry"),
    "audit": Reader(SAMPLED, SampledInquiry, within="inquiry"),
}

# What departments get, by what comes before the version.
_delivered: dict[str, Reader[Routed] | Reader[DecidedInquiry]] = {
    "inquiry.routed": routed["review"],
    "inquiry.decided": Reader(DECIDED, DecidedInquiry, within="inquiry"),
}


def read_delivered(record: Record) -> Received[Routed] | Received[DecidedInquiry]:
    """Read an event that departments get: what was routed, or what a person decided.

    Raises:
        RejectedError: It is neither, or does not follow its schema.
    """
    event = cloudevents.read(record)
    reader = _delivered.get((event.type or "").rpartition(".")[0])
    if reader is None:
        detail = "its ce_type is none of what departments get"
        raise RejectedError(Rejection.NEVER_SENT, detail)
    return reader.read_event(event)


def write_classified(
    record: Record,
    received: Received[Inquiry],
    classification: Classification,
    *,
    topic: str,
    by: str,
) -> Output:
    """Write the classified event for a received one."""
    value = b'{"inquiry":%b,"classification":%b}' % (received.data, _encode(classification))
    headers = cloudevents.as_received(received.headers)
    if received.left_out:
        headers.append((LEFT_OUT_HEADER, ",".join(received.left_out).encode()))
    headers += _context(CLASSIFIED, record, by, classification.classified_at)
    return Output(
        topic,
        record.key,
        value,
        headers,
        received_at=received.body.received_at,
        decided=classification,
        left_out=received.left_out,
    )


def write_routed(
    record: Record,
    received: Received[Classified],
    route: Route,
    *,
    by: str,
    raised: frozenset[str] = frozenset(),
) -> Output:
    """Write the routed event for a classified one, onto the route's topic.

    The flags that were `raised` are counted and not written: the classification has them.
    """
    opened = received.data.rstrip()[:-1]
    value = b'%b,"route":%b}' % (opened, _encode(route))
    headers = cloudevents.without_context(received.headers)
    headers += _context(ROUTED, record, by, route.routed_at)
    return Output(
        route.topic,
        record.key,
        value,
        headers,
        received_at=received.body.inquiry.received_at,
        decided=Decided(received.body.classification.department, route.reason, raised),
    )


def write_sampled(  # noqa: PLR0913 - as those before, and how it was drawn
    record: Record,
    received: Received[Classified],
    routed: Output,
    sample: Sample,
    *,
    topic: str,
    by: str,
    at: datetime,
) -> Output:
    """Write a copy of a routed event for an audit: its bytes, and how it was drawn.

    Args:
        record: What was read.
        received: The classified event that it is.
        routed: What `write_routed` made of it.
        sample: How it was drawn.
        topic: Where copies go.
        by: Who writes.
        at: When it was routed.
    """
    value = b'%b,"sample":%b}' % ((routed.value or b"")[:-1], _encode(sample))
    kept = cloudevents.without_context(received.headers)
    own = _context(SAMPLED, record, by, at, also=SAMPLE_ID)
    return structs.replace(
        routed,
        topic=topic,
        value=value,
        headers=[*kept, *own],
        decided=Drawn(received.body.classification.department),
    )


def write_decided(
    judged: Judged, decision: Decision, *, topic: str, by: str, at: datetime
) -> Output:
    """Write the decided event for the routed one that was judged.

    Args:
        judged: The routed event, and the record that it is.
        decision: What a person decided of it.
        topic: Where it goes.
        by: Who writes.
        at: When.
    """
    record, received = judged
    opened = received.data.rstrip()[:-1]
    value = b'%b,"decision":%b}' % (opened, _encode(decision))
    kept = cloudevents.without_context(received.headers)
    return Output(topic, record.key, value, [*kept, *_context(DECIDED, record, by, at)])


def write_escalated(judged: Judged, *, topic: str, by: str, at: datetime) -> Output:
    """Write a routed event once more, as it is, for somebody else to judge; see `write_decided`."""
    record, received = judged
    kept = cloudevents.without_context(received.headers)
    times = 1 + sum(name == ESCALATED_HEADER for name, _ in kept)
    escalated = (ESCALATED_HEADER, b"%d" % times)
    own = _context(ROUTED, record, by, at)
    return Output(topic, record.key, received.data, [*kept, escalated, *own])


def write_returned(  # noqa: PLR0913 - as those before, and what is counted
    record: Record,
    received: Received[Routed] | Received[DecidedInquiry],
    route: Route,
    returned: Returned,
    *,
    by: str,
    decided: object,
) -> Output:
    """Write what a department has returned for review: the inquiry as it was, and what was said.

    Args:
        record: What was read.
        received: The event that it is.
        route: The new one.
        returned: What the department said.
        by: Who writes.
        decided: What is counted of it.
    """
    value = b'%b,"route":%b,"returned":%b}' % (
        _without_what_followed(received.data),
        _encode(route),
        _encode(returned),
    )
    kept = [
        each for each in cloudevents.without_context(received.headers) if each[0] not in _OF_RETURNS
    ]
    times = (RETURNED_TIMES_HEADER, b"%d" % returned.times)
    own = _context(ROUTED, record, by, route.routed_at)
    return Output(route.topic, record.key, value, [*kept, times, *own], decided=decided)


def _without_what_followed(data: bytes) -> bytes:
    """Return an event up to its classification, which is how `write_routed` got it.

    Where somebody has written its JSON anew, the members are taken as they are there.
    """
    data, members = data.rstrip(), members_of(data)
    followed = [
        b',"%b":%b' % (n.encode(), raw) for n, raw in members.items() if n not in _CLASSIFIED
    ]
    end = b"".join(followed) + b"}"
    if data.endswith(end):
        return data.removesuffix(end)
    return b'{"inquiry":%b,"classification":%b' % (members["inquiry"], members["classification"])


def write_settled(record: Record, settled: Settled, *, topic: str, by: str) -> Output:
    """Write the note of a judgement beside the place that was judged.

    Args:
        record: The judgement's own.
        settled: What became of it.
        topic: Where notes go.
        by: Who writes.
    """
    return Output(
        topic,
        settled.key.encode(),
        _encode(settled),
        [*_context(SETTLED, record, by, settled.settled_at)],
        decided=settled,
        partition=settled.record.partition,
    )


def write_judgement(judgement: Judgement, *, topic: str, by: str) -> Output:
    """Write a judgement beside the place that it is about; a second try bears the same id."""
    return _beside(judgement.record, judgement, JUDGED, judgement.id, topic, by, judgement.at)


def write_claim(claim: Claim, event_id: str, *, topic: str, by: str) -> Output:
    """Write what a person did beside the place that it is about."""
    return _beside(claim.record, claim, CLAIM, event_id, topic, by, claim.at)


def _beside(  # noqa: PLR0913, PLR0917 - an event of our own has all of these
    place: Place, body: Struct, event_type: str, event_id: str, topic: str, by: str, at: datetime
) -> Output:
    context = cloudevents.context(event_type, by, at)
    headers = [("ce_id", event_id.encode()), *context]
    return Output(topic, place.key.encode(), _encode(body), [*headers], partition=place.partition)


def id_made_of(topic: str, partition: int, offset: int) -> str:
    """Return the id of the event that is made of a record."""
    return f"{topic}/{partition}/{offset}"


def _context(event_type: str, record: Record, by: str, time: datetime, also: str = "") -> Headers:
    """Name the event after its record, so that a second try bears the same name."""
    event_id = f"{id_made_of(record.topic, record.partition, record.offset)}{also}"
    return [("ce_id", event_id.encode()), *cloudevents.context(event_type, by, time)]


def _explain(error: Exception, event: cloudevents.Event) -> RejectedError:
    """Find the reason behind a decoder's error, whose text names places and never content."""
    broken = _not_json(event.data) if isinstance(error, msgspec.ValidationError) else error
    if broken:
        detail = cause_of(event.data, NOT_JSON) or _why_not_json(broken)
        return RejectedError(Rejection.NOT_JSON, detail)
    if event.type is None:
        if ENVELOPE.found(event.data):
            return RejectedError(Rejection.WRONG_EVENT, ENVELOPE.meaning)
        if any(name.lower().startswith("ce-") for name, _ in event.headers):
            return RejectedError(Rejection.WRONG_EVENT, HTTP_HEADERS)
        if any(name.lower() in cloudevents.CONTEXT_HEADERS - {name} for name, _ in event.headers):
            return RejectedError(Rejection.WRONG_EVENT, CAPITALS)
    reason = _reason_of(str(error))
    cause = cause_of(event.data, NOT_AN_INQUIRY)
    return RejectedError(reason.reason, cause) if cause else reason


def _reason_of(detail: str) -> RejectedError:
    detail = _QUOTED.sub("Invalid enum value", detail)  # which is whatever somebody sent
    if "missing required field" in detail:
        return RejectedError(Rejection.MISSING_FIELD, detail)
    if "$.text" in detail or "$.inquiry.text" in detail:
        if "length >= 1" in detail:
            return RejectedError(Rejection.EMPTY_TEXT, "the text is empty")
        if "length <=" in detail:
            too_long = f"the text has more than {MAX_TEXT:,} characters"
            return RejectedError(Rejection.TEXT_TOO_LONG, too_long)
    return RejectedError(Rejection.WRONG_TYPE, detail)


def _not_json(data: bytes) -> Exception | None:
    """Return what is wrong with JSON behind the first thing that is wrong by the schema, if any."""
    try:
        _whole.decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        return error
    return None


def _why_not_json(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"the value is not UTF-8 at byte {error.start}"
    if isinstance(error, RecursionError):
        return "the value is nested too deep"
    if "trailing characters" in str(error):
        return "the value goes on where its JSON ends: send one object a record"
    return str(error)
