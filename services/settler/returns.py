"""What departments return, as one pure function: returns in, what waits for a person out.

An event that is returned goes to review once, however often it comes: a repeat does nothing.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from services.messages.codec import Received, read_delivered, write_returned
from services.messages.dead_letter import times_replayed
from services.messages.decision import Priority, Route
from services.messages.events import DecidedInquiry, Routed
from services.messages.record import Nothing, Output, Record
from services.messages.rejection import RejectedError, Rejection
from services.messages.returned import Return, Returned, Why
from services.settler.return_log import Entry, ReturnLog

SOURCE = "/inquiry-triage/settler"
NOT_OURS = "not-ours"

Delivered = Routed | DecidedInquiry
# Tells on which partition a return has to stand: by its key, or else by that of its event.
PartitionOf = Callable[[bytes | None, int], int]
WhatComes = Literal["review", "repeated"]

_EVENT_ID = re.compile(rb"([a-zA-Z0-9._-]+)/([0-9]{1,10})/[0-9]{1,19}")
_HEADERS = tuple(each.encode_name for each in msgspec.structs.fields(Return))


class Rules(NamedTuple):
    """What a return is held against, and what becomes of it.

    Args:
        departments: The topic of each label of the routing table.
        not_ours: The topic of what is for no department.
        review: Where a person decides.
        table: The version of the routing table.
        event_topics: The topics of which the ids of events are made that departments get.
    """

    departments: Mapping[str, str]
    not_ours: str
    review: str
    table: str
    event_topics: frozenset[str]


class Read(NamedTuple):
    """A return that was read: the event that a department got, what it says, where it stands."""

    received: Received[Routed] | Received[DecidedInquiry]
    said: Return
    entry: Entry


class ReturnNoted(NamedTuple):
    """What is counted of a return: who had it, why it came back, and what comes of it."""

    department: str
    why: Why
    outcome: WhatComes
    entry: Entry


def return_records(
    records: Sequence[Record],
    log: ReturnLog,
    rules: Rules,
    partition_of: PartitionOf,
    now: datetime,
) -> list[Output | Nothing | RejectedError]:
    """Return one result for each record, in order: for review, nothing, or why it cannot be read.

    Args:
        records: The returns, as they stand in the log.
        log: What is known of it so far; what goes to review is entered.
        rules: What they are held against.
        partition_of: Tells where they have to stand.
        now: The time to write into events.
    """
    return [_return_one(record, log, rules, partition_of, now) for record in records]


def entry_of(record: Record, rules: Rules, partition_of: PartitionOf) -> Entry | None:
    """Return what the log is rebuilt from; None of what cannot be read."""
    found = _read_or_reject(record, rules, partition_of)
    return found.entry if isinstance(found, Read) else None


def noted(results: Iterable[object]) -> Iterator[Entry]:
    """Yield what is to be entered of what was made of returns."""
    for each in results:
        if isinstance(each, Output) and isinstance(each.decided, ReturnNoted):
            yield each.decided.entry


def _return_one(
    record: Record, log: ReturnLog, rules: Rules, partition_of: PartitionOf, now: datetime
) -> Output | Nothing | RejectedError:
    found = _read_or_reject(record, rules, partition_of)
    if isinstance(found, RejectedError):
        return found
    received, said, entry = found
    department, source = _whose(received.body, rules)
    if log.repeats(entry):
        return Nothing(ReturnNoted(department, said.returned_why, "repeated", entry))
    returned = Returned(
        why=said.returned_why,
        by=said.returned_by,
        times=log.times(entry),
        suggests=said.returned_suggests or None,
        source=source,
        decision=received.body.decision if isinstance(received.body, DecidedInquiry) else None,
    )
    log.enter(entry)
    decided = ReturnNoted(department, said.returned_why, "review", entry)
    route = _route(received.body.route, returned, rules, now)
    return write_returned(record, received, route, returned, by=SOURCE, decided=decided)


def _route(before: Route, returned: Returned, rules: Rules, now: datetime) -> Route:
    """Send it to a person: before others where that is urgent, was so before, or is the second."""
    urgent = returned.why == "unsafe" or returned.times > 1
    priority: Priority = "high" if urgent else before.priority
    return Route(
        topic=rules.review, reason="returned", priority=priority, table=rules.table, routed_at=now
    )


def _whose(body: Delivered, rules: Rules) -> tuple[str, str | None]:
    """Return whose the event was: the department's label, and its topic as far as it is known."""
    if isinstance(body, Routed):
        return body.classification.department, body.route.topic
    department = body.decision.department
    if department is None:
        return NOT_OURS, rules.not_ours
    return department, rules.departments.get(department)


def _read_or_reject(
    record: Record, rules: Rules, partition_of: PartitionOf
) -> Read | RejectedError:
    try:
        return _read(record, rules, partition_of)
    except RejectedError as error:
        return error


def _read(record: Record, rules: Rules, partition_of: PartitionOf) -> Read:
    received = read_delivered(record)
    headers = dict(received.headers)
    event_id = headers.get("ce_id") or b""
    number = _check_ours(event_id, received.body, rules)
    said = _said(headers)
    if said.returned_suggests and said.returned_suggests not in rules.departments:
        detail = "the routing table has no department of the label in returned-suggests"
        raise RejectedError(Rejection.UNKNOWN_DEPARTMENT, detail)
    own = partition_of(record.key, number)
    if record.partition != own:
        detail = f"a return of that key or event has to stand on partition {own}"
        raise RejectedError(Rejection.WRONG_PARTITION, detail)
    inquiry = (received.body.inquiry.id, headers.get("received-ce_source"))
    replays = times_replayed(record.headers)
    return Read(received, said, Entry(hash(event_id), hash(inquiry), record.offset, replays))


def _check_ours(event_id: bytes, body: Delivered, rules: Rules) -> int:
    """See that a department got such an event, and return the partition that it was made from."""
    found = _EVENT_ID.fullmatch(event_id)
    if found is None or found[1].decode() not in rules.event_topics:
        detail = "its ce_id is none of ours: it has to come back with all headers it was sent with"
        raise RejectedError(Rejection.NEVER_SENT, detail)
    if isinstance(body, Routed) and body.route.topic == rules.review:
        detail = "it was sent to review and no department: judge it there"
        raise RejectedError(Rejection.NEVER_SENT, detail)
    return int(found[2])


def _said(headers: Mapping[str, bytes | None]) -> Return:
    """Read what the department says in headers of its own."""
    said = {name: _text(name, headers.get(name)) for name in _HEADERS}
    said = {name: text for name, text in said.items() if text}
    try:
        return msgspec.convert(said, Return)
    except msgspec.ValidationError as error:
        if missing := [name for name in ("returned-why", "returned-by") if name not in said]:
            detail = f"the header {missing[0]} is missing"
            raise RejectedError(Rejection.MISSING_HEADER, detail) from None
        raise RejectedError(Rejection.WRONG_HEADER, _where(str(error))) from None


def _text(name: str, value: bytes | None) -> str:
    try:
        return (value or b"").decode()
    except UnicodeDecodeError as error:
        detail = f"the value of the header {name} is not UTF-8 at byte {error.start}"
        raise RejectedError(Rejection.HEADER_NOT_UTF8, detail) from None


def _where(error: str) -> str:
    """Say which header is wrong; what is in it is whatever somebody sent."""
    wrong = next(name for name in _HEADERS if error.endswith(f"`$.{name}`"))
    return f"the header {wrong} has a value that it cannot have"
