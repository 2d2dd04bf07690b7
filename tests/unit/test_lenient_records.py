"""Records whose headers have names that are not UTF-8 are read, whole batches of them."""

import gc
import weakref
from typing import Any, NamedTuple

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import (
    READ_COMMITTED,
    FetchError,
    FetchResult,
    PartitionRecords,
)
from aiokafka.consumer.subscription_state import Assignment
from aiokafka.errors import NotLeaderForPartitionError
from aiokafka.record.default_records import DefaultRecordBatch, _DefaultRecordBatchBuilderPy
from aiokafka.record.memory_records import MemoryRecords

from services.kafka.lenient_records import Fetched, Waiting, fetched, records_in, value
from services.messages.record import Record

PARTITION = TopicPartition("inquiries", 3)
CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
RAW = b"\xffn\xc3\xa4me\xe9"


class RawName(str):
    """A header's name that goes out as bytes that are no text."""

    __slots__ = ()

    def encode(self, *_: Any) -> bytes:
        return RAW


class Answer(NamedTuple):
    topics: list[Any]
    API_VERSION: int = 11


def a_batch(codec: int = 0, first: int = 0, producer: int = -1) -> bytes:
    """Return three records, the one in the middle with such a name."""
    batch = _DefaultRecordBatchBuilderPy(2, codec, int(producer >= 0), producer, 0, 0, 10_000)
    for offset, name in enumerate(["a", RawName("raw"), "b"]):
        headers = [(name, b"\xff"), ("null", None)]
        batch.append(offset, timestamp=7, key=b"k", value=b"%d" % offset, headers=headers)
    built = bytes(batch.build())
    return first.to_bytes(8, "big") + built[8:]  # the offset is no part of the checksum


def an_answer(data: bytes, aborted: Any = (), code: int = 0) -> Answer:
    rest = [100, 0, [*aborted], -1, data]
    return Answer([(PARTITION.topic, [(PARTITION.partition, code, 100, *rest)])])


def test_aiokafka_itself_cannot() -> None:
    """Once aiokafka reads such names itself, all of this can go."""
    with pytest.raises(UnicodeDecodeError):
        list(DefaultRecordBatch(a_batch()))


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS.keys())
def test_such_a_name_is_escaped(codec: int) -> None:
    """Of a name what is UTF-8 is read as it is, and the rest escaped; all else is as it was."""
    records, following = next(records_in(an_answer(a_batch(codec)), PARTITION, 0, None, fetched))
    assert following == 3
    assert [record.headers[0] for record in records] == [
        ("a", b"\xff"),
        ("\\xffnäme\\xe9", b"\xff"),
        ("b", b"\xff"),
    ]
    assert [(each.key, each.value, each.offset) for each in records] == [
        (b"k", b"%d" % offset, offset) for offset in range(3)
    ]
    assert {type(each.headers[0][1]) for each in records} == {bytes}
    assert records[1].headers[1] == ("null", None)


def test_it_goes_on_where_it_was_and_takes_no_more_than_asked() -> None:
    """Reading begins in the middle of a batch, and ends in the middle of the next."""
    answer = an_answer(a_batch(first=10) + a_batch(first=13))
    records, following = next(records_in(answer, PARTITION, 11, 3, fetched))
    assert [record.offset for record in records] == [11, 12, 13]
    assert following == 14


def test_what_was_aborted_is_left_out() -> None:
    """Records of a transaction that was aborted are not read, whatever their names."""
    data = a_batch(first=10, producer=9) + a_batch(first=13)
    records, _ = next(records_in(an_answer(data, aborted=[(9, 10)]), PARTITION, 10, None, fetched))
    assert [record.offset for record in records] == [13, 14, 15]


def test_what_the_broker_refuses_is_raised() -> None:
    """An error of the broker's is one, and not an empty answer."""
    with pytest.raises(NotLeaderForPartitionError):
        next(records_in(an_answer(b"", code=6), PARTITION, 0, None, fetched))


def test_it_goes_on_in_portions_behind_such_a_name() -> None:
    """An answer that is taken some at a time is read once, in order, what was aborted left out."""
    data = b"".join(
        [a_batch(first=10), a_batch(first=13, producer=9), a_batch(first=16, producer=8)]
    )
    answer = an_answer(data, aborted=[(9, 13)])
    portions = [*records_in(answer, PARTITION, 10, 2, fetched)]
    assert [[each.offset for each in found] for found, _ in portions] == [
        [10, 11],
        [12, 16],
        [17, 18],
        [],
    ]
    assert [following for _, following in portions] == [12, 17, 19, 19]


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS.keys())
def test_what_records_say_is_read_alone(codec: int) -> None:
    """Where no more is asked for there are values and their offsets, whatever headers there are."""
    found, _ = next(records_in(an_answer(a_batch(codec)), PARTITION, 1, None, value))
    assert found == [(1, b"1"), (2, b"2")]


def a_plain_batch(first: int, producer: int = -1) -> bytes:
    """Return three records that aiokafka reads."""
    batch = _DefaultRecordBatchBuilderPy(2, 0, int(producer >= 0), producer, 0, 0, 10_000)
    for offset in range(3):
        batch.append(offset, timestamp=7, key=b"k", value=b"v", headers=[("a", None)])
    return first.to_bytes(8, "big") + bytes(batch.build())[8:]


def fetched_by_aiokafka(data: bytes, aborted: Any, offset: int) -> FetchResult:
    """Return an answer to aiokafka's own fetcher, as it keeps it until somebody asks."""
    assignment = Assignment([PARTITION])
    assignment.state_value(PARTITION).reset_to(offset)
    batches = (MemoryRecords(data), aborted, offset, None, None, True, READ_COMMITTED)
    records = PartitionRecords(PARTITION, *batches)
    return FetchResult(PARTITION, assignment=assignment, partition_records=records, backoff=0)


def told(record: Record) -> tuple[object, ...]:
    where = (record.topic, record.partition, record.offset, record.timestamp)
    return (*where, record.key, record.value, *record.headers)


async def test_what_aiokafka_fetches_is_made_the_same_way() -> None:
    """A member's records are those that aiokafka would give, in portions and without aborted."""
    data = a_plain_batch(10, producer=9) + a_plain_batch(13) + a_plain_batch(16)
    waiting = Waiting()
    theirs = fetched_by_aiokafka(data, [(9, 10)], 14)
    waiting[PARTITION] = fetched_by_aiokafka(data, [(9, 10)], 14)
    for most in (1, 2, None):
        made, same = waiting[PARTITION].getall(most), theirs.getall(most)
        assert {type(each) for each in made} == {Fetched}
        assert [told(each) for each in made] == [told(each) for each in same]
    assert not waiting[PARTITION].has_more()


def test_an_error_waits_as_it_is() -> None:
    """What the broker refused is raised for whoever asks for records."""
    waiting = Waiting()
    waiting[PARTITION] = FetchError(error=NotLeaderForPartitionError(), backoff=0)
    with pytest.raises(NotLeaderForPartitionError):
        waiting[PARTITION].check_raise()


class Kept:
    """A record that can be watched."""


def test_a_portion_is_kept_by_whoever_took_it_and_nobody_else() -> None:
    """While a batch is written its records are gone: they take more than all that is sent."""
    portions = records_in(an_answer(a_plain_batch(0)), PARTITION, 0, 2, lambda _, __: Kept())
    gc.disable()  # what forms circles is seldom looked for
    try:
        (first, _), following = next(portions)
        watched = weakref.ref(first)
        del first, _
        assert (watched(), following) == (None, 2)
    finally:
        gc.enable()
