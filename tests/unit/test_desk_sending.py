import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, ProducerClosed

from services.desk.desk import KafkaDesk
from services.desk.interface import AwayError, Item, NotNowError, Person
from services.desk.log import Log
from services.desk.marks import Marker
from services.desk.sending import OTHERS_MS, URGENT_MS, Sender
from services.desk.state import Slot, State
from services.desk.view import Views
from services.engine.health import Health
from services.messages.codec import claims, judgements
from services.messages.record import Output
from services.router.settings import ROUTES
from services.router.table import load_table
from tests.records import ARecord
from tests.unit.desk_logs import LASTS_MS, a_claim, a_judgement, a_note, a_place, a_waiting

UNDO_MS = 60_000
SLOT = Slot(Item("review", 0, 0), second=False)


@dataclass
class Kafka:
    """The topics of claims and judgements, in memory; what is written is read at once."""

    state: State
    at: int = 0
    judged: list[str] = field(default_factory=list)
    away: bool = False
    undone_first: bool = False
    offset: int = 1
    is_caught_up: bool = True

    async def append(self, output: Output) -> int:
        """Write a record."""
        if self.away:
            raise AwayError
        record = ARecord(output.value, tuple(output.headers), topic=output.topic)
        if output.topic == "judged":
            self.judged.append(judgements.read(record).body.id)
            return 0
        if self.undone_first:
            self.fold(a_claim("undone", a_place(), "anne", 0))
        return self.fold(claims.read(record).body)

    def fold(self, claim: object) -> int:
        """Have the state know of a claim, and return where it stands."""
        self.offset += 1
        self.state.claimed(claim, self.offset, self.at)  # type: ignore[arg-type]
        return self.offset

    async def reach(self, position: Mapping[int, int]) -> None:
        """Everything has been read."""

    async def reach_end(self, partition: int) -> None:
        """Everything has been read."""

    def now(self) -> datetime:
        """Tell the time."""
        return datetime.fromtimestamp(self.at / 1000, UTC)


def a_desk(**fields: Any) -> tuple[Kafka, Sender]:
    """Return a desk where anne has decided an inquiry, and what sends it."""
    state = State(LASTS_MS, audit_every=10, review_topic="inquiries.review")
    state.begins("review", 0, 0)
    state.came(a_waiting(**fields))
    state.read_up_to("review", 0, 1)
    state.claimed(a_claim("claimed", a_place()), 0, 0)
    state.claimed(a_claim("chosen", a_place(), "anne", 0), 1, 0)
    kafka = Kafka(state)
    return kafka, Sender(state, kafka, kafka, "claims", "judged", UNDO_MS, kafka.now)


async def sent_at(kafka: Kafka, sender: Sender, *times: int) -> list[int]:
    """Let time pass, and return at which of some times something was sent."""
    sent = []
    for kafka.at in times:
        before = len(kafka.judged)
        await sender.send_due()
        if len(kafka.judged) > before:
            sent.append(kafka.at)
    return sent


async def test_a_decision_is_sent_when_it_can_be_taken_back_no_longer() -> None:
    """By the replica that took it at once, and once."""
    kafka, sender = a_desk()
    hold = kafka.state.hold(SLOT)
    assert hold is not None
    sender.takes(SLOT, hold)
    assert await sent_at(kafka, sender, 0, UNDO_MS - 1, UNDO_MS, UNDO_MS + 1) == [UNDO_MS]


async def test_what_is_urgent_is_sent_sooner() -> None:
    """Somebody may be in danger."""
    kafka, sender = a_desk(route={"priority": "high"})
    hold = kafka.state.hold(SLOT)
    assert hold is not None
    sender.takes(SLOT, hold)
    assert await sent_at(kafka, sender, URGENT_MS - 1, URGENT_MS) == [URGENT_MS]


async def test_another_replica_sends_what_the_first_one_has_not() -> None:
    """It waits a while longer; and where no note comes, it asks the settler again and again."""
    kafka, sender = a_desk()
    due = UNDO_MS + OTHERS_MS
    times = range(0, due + 4 * OTHERS_MS, OTHERS_MS // 4)
    assert await sent_at(kafka, sender, *times) == [due, due + OTHERS_MS, due + 3 * OTHERS_MS]
    assert len({*kafka.judged}) == 1


async def test_what_is_overtaken_is_sent_at_once() -> None:
    """There is nothing to take back any more; until it is noted it is on its way."""
    kafka, sender = a_desk()
    hold = kafka.state.hold(SLOT)
    assert hold is not None
    sender.takes(SLOT, hold)
    kafka.state.is_new = False
    kafka.state.noted(a_note(a_judgement(a_place(), "ben")))
    assert await sent_at(kafka, sender, 1, OTHERS_MS) == [1]
    kafka.state.noted(a_note(a_judgement(a_place()), "late", first_by="ben"))
    assert await sent_at(kafka, sender, 4 * OTHERS_MS) == []


async def test_what_retention_has_taken_is_sent_once() -> None:
    """It comes to a dead letter, of which no note tells."""
    kafka, sender = a_desk()
    kafka.state.is_new = False
    kafka.state.begins("review", 0, 1)
    assert await sent_at(kafka, sender, OTHERS_MS, 2 * OTHERS_MS, 9 * OTHERS_MS) == [OTHERS_MS]


async def test_what_was_undone_in_the_log_is_not_sent() -> None:
    """Whoever reads that a decision stands looks whether it was taken back before."""
    kafka, sender = a_desk()
    kafka.undone_first = True
    await sender.send(SLOT)
    assert kafka.judged == []


async def test_what_could_not_be_sent_is_sent_later() -> None:
    """A broker that is away does no harm."""
    kafka, sender = a_desk()
    kafka.away = True
    late = UNDO_MS + OTHERS_MS
    assert await sent_at(kafka, sender, late) == []
    kafka.away = False
    assert await sent_at(kafka, sender, late + 1000) == [late + 1000]


class Appender:
    """A producer that answers as it is told."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error
        self.stopped = False

    async def start(self) -> None:
        """Connect."""

    async def stop(self) -> None:
        """Disconnect."""
        self.stopped = True

    async def send(self, *_: object, **__: object) -> "asyncio.Future[object]":
        """Answer."""
        answer: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        if self.error:
            answer.set_exception(self.error)
        else:
            answer.set_result(type("Sent", (), {"offset": 7}))
        return answer


class Clients:
    """Makes one producer after the other."""

    def __init__(self, *appenders: Appender) -> None:
        self._appenders: Iterator[Appender] = iter(appenders)

    def appender(self) -> Appender:
        """Make the next."""
        return next(self._appenders)


@pytest.mark.parametrize(
    ("error", "renewed"), [(KafkaConnectionError("secret"), False), (ProducerClosed(), True)]
)
async def test_a_broker_that_is_away_is_told_in_a_sentence(
    error: Exception, *, renewed: bool
) -> None:
    """The person may send it again; a producer that can go on no more is replaced."""
    first = Appender(error)
    log = Log(Clients(first, Appender(None)), Health(clock=lambda: 0.0))  # type: ignore[arg-type]
    await log.open()
    output = Output("claims", b"", b"{}", [], partition=0)
    with pytest.raises(AwayError, match="nothing is lost, send it again") as told:
        await log.append(output)
    assert "secret" not in str(told.value)
    assert first.stopped == renewed
    if renewed:
        assert await log.append(output) == 7


async def test_nobody_is_told_of_an_inquiry_before_all_was_read() -> None:
    """What is not known then may be theirs: the page asks them to wait."""
    kafka, sender = a_desk()
    kafka.is_caught_up = False
    table = load_table(ROUTES)
    views = Views(table, {}, Marker(table.rules), lambda _model, _text: ())
    unread: Any = None  # no text is asked for
    desk = KafkaDesk(kafka.state, unread, views, sender, LASTS_MS, (), lambda _kind: None)
    bert = Person("bert", frozenset({"reviewer"}))
    with pytest.raises(NotNowError, match="still reading"):
        await desk.page(bert, Item("review", 0, 7), {})
    with pytest.raises(NotNowError, match="still reading"):
        await desk.next(bert)
