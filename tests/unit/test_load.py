import asyncio
import random
from array import array
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from aiokafka.errors import KafkaError
from hypothesis import given
from hypothesis import strategies as st

from services.classifier.settings import ClassifierSettings
from services.errors import ConfigurationError
from services.kafka.partitioner import partition_of
from services.kafka.settings import KafkaSettings
from services.local.load.arrivals import Arrivals, Tags
from services.local.load.command import lines_of, plan_load
from services.local.load.generator import Generator, Load
from services.local.load.latency import quantiles_of
from services.local.load.schedule import bursts, poisson
from services.local.load.send import figures_of
from services.operate.installation import installation_of
from services.router.settings import RouterSettings
from tests.records import ARecord

TAGS = Tags("run")


def spread(due: Sequence[float], seconds: int) -> float:
    """Return the variance of the arrivals in a second, divided by their mean."""
    counts = [0] * seconds
    for at in due:
        counts[int(at)] += 1
    mean = len(due) / seconds
    return sum((count - mean) ** 2 for count in counts) / seconds / mean


@pytest.mark.parametrize("draw", [poisson, bursts])
def test_a_schedule_is_in_order_and_has_the_rate(draw: Any) -> None:
    """Arrivals are ascending, within the time, and on average as many a second as was asked."""
    due = draw(50.0, 2_000.0, random.Random(1))
    assert all(a < b for a, b in pairwise(due))
    assert due[0] > 0
    assert due[-1] < 2_000
    assert len(due) / 2_000 == pytest.approx(50, rel=0.05)


@pytest.mark.parametrize("draw", [poisson, bursts])
def test_a_seed_gives_the_same_schedule(draw: Any) -> None:
    """The same seed gives the same arrivals, another one others."""
    first, again, other = (draw(20.0, 5.0, random.Random(seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_gaps_are_those_of_a_poisson_process() -> None:
    """Counts a second vary as a Poisson process's do: their variance is their mean."""
    assert spread(poisson(40.0, 2_000.0, random.Random(3)), 2_000) == pytest.approx(1, abs=0.15)


def test_bursts_come_in_bursts() -> None:
    """With bursts, counts a second vary many times more than without."""
    assert spread(bursts(40.0, 2_000.0, random.Random(3)), 2_000) > 5


def test_quantiles_are_times_that_were_measured() -> None:
    """Of 1 to 1,000 ms in any order, each quantile is exactly the time of that rank."""
    times = [number / 1000 for number in range(1, 1_001)]
    random.Random(0).shuffle(times)
    found = quantiles_of(times)
    assert found
    assert (found.p50, found.p95, found.p99, found.p999, found.max) == (500, 950, 990, 999, 1000)


@given(st.lists(st.floats(0, 60), min_size=1))
def test_so_large_a_share_is_no_slower_than_a_quantile(times: list[float]) -> None:
    """At least 99.9 % of the times do not exceed p99.9, and fewer are below it."""
    found = quantiles_of(times)
    assert found
    milliseconds = [each * 1000 for each in times]
    assert sum(each <= found.p999 for each in milliseconds) * 1000 >= 999 * len(times)
    assert sum(each < found.p999 for each in milliseconds) * 1000 < 999 * len(times)
    assert found.max == max(milliseconds)


def test_of_nothing_there_are_no_quantiles() -> None:
    """Where nothing came back there is no latency to speak of."""
    assert quantiles_of([]) is None


def test_latency_counts_from_when_an_inquiry_was_due() -> None:
    """An inquiry that came back is late by the time since it was due; twice is doubled."""
    arrivals = Arrivals([1.0, 2.0, 3.0])
    for number, at in ((1, 2.5), (0, 4.0), (1, 9.0)):
        arrivals.note(number, at)
    assert list(arrivals.latencies) == [0.5, 3.0]
    assert (arrivals.account.lost, arrivals.account.doubled) == (1, 1)


def test_a_run_knows_its_own_inquiries() -> None:
    """A record with the run's header has its number; another run's, and any other, has none."""
    others = (("trace", b"load"), ("load", None))
    assert TAGS.number(ARecord(b"", (*others, TAGS.header(7)))) == 7
    assert TAGS.number(ARecord(b"", (*others, Tags("other").header(7)))) is None
    assert TAGS.number(ARecord(b"", others)) is None


def test_keys_spread_over_the_partitions() -> None:
    """Each inquiry has a key of its own, and every partition gets its share of them."""
    keys = [TAGS.key(number) for number in range(4_000)]
    counts = [[partition_of(key, 4) for key in keys].count(number) for number in range(4)]
    assert len(set(keys)) == 4_000
    assert all(count == pytest.approx(1_000, rel=0.15) for count in counts)


class Time:
    """A clock that only sleeping moves, and each look by a hair."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


class AProducer:
    """A producer whose broker acknowledges all at once after the last record, or refuses one."""

    def __init__(self, time: Time, count: int, *, refuses: int | None = None) -> None:
        self.time = time
        self.count = count
        self.refuses = refuses
        self.sent: list[tuple[float, bytes, bytes, int]] = []
        self.acknowledgements: list[asyncio.Future[object]] = []

    async def send(
        self, topic: str, value: bytes, key: bytes, partition: int, *, headers: Any
    ) -> asyncio.Future[object]:
        acknowledgement: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self.sent.append((self.time.now, value, key, partition))
        self.acknowledgements.append(acknowledgement)
        if len(self.sent) - 1 == self.refuses:
            acknowledgement.set_exception(KafkaError("no"))
        elif len(self.sent) == self.count:
            self.time.now += 100
            for each in self.acknowledgements:
                each.set_result(None)
        return acknowledgement


def a_load(*due: float) -> Load:
    return Load([b"a", b"b"], due, 10.0, TAGS)


async def test_each_inquiry_is_sent_when_it_is_due() -> None:
    """None is sent early, none more than a tick late, and nothing is waited for in between."""
    time, load = Time(), a_load(0.5, 0.5003, 2.0, 9.0)
    producer = AProducer(time, 4)
    generator = Generator(load, time, time.sleep)
    await generator.send(producer, "in", 3)
    late = [at - due for (at, *_), due in zip(producer.sent, load.due, strict=True)]
    assert list(generator.late) == late
    assert all(0 <= each <= 0.001 for each in late)
    assert [value for _, value, _, _ in producer.sent] == [b"a", b"b", b"a", b"b"]
    assert all(partition == partition_of(key, 3) for _, _, key, partition in producer.sent)
    assert generator.seconds == pytest.approx(109, abs=0.01)


async def test_a_generator_that_fell_behind_sends_all_that_is_due() -> None:
    """After a pause everything due goes at once, and its latency counts from when it was due."""
    time, load = Time(), a_load(1.0, 2.0, 3.0)
    time.now = 2.5
    generator = Generator(load, time, time.sleep)
    await generator.send(AProducer(time, 3), "in", 1)
    assert list(generator.late) == pytest.approx([1.501, 0.501, 0.0])


async def test_what_the_broker_refuses_ends_the_load() -> None:
    """A refusal ends the sending with the client's error, though others are never acknowledged."""
    time = Time()
    producer = AProducer(time, 99, refuses=1)
    with pytest.raises(KafkaError):
        await Generator(a_load(1.0, 2.0, 3.0, 4.0), time, time.sleep).send(producer, "in", 1)
    assert len(producer.sent) < 4


async def test_the_figures_say_what_was_offered_and_what_came_of_it() -> None:
    """Rates, losses and quantiles of a load are those of its schedule, its sends and arrivals."""
    time, load = Time(), a_load(1.0, 2.0)
    generator = Generator(load, time, time.sleep)
    await generator.send(AProducer(time, 2), "in", 1)
    arrivals = Arrivals(load.due)
    arrivals.note(1, 2.25)
    figures = figures_of(load, generator, arrivals)
    assert (figures.inquiries, figures.offered, figures.lost, figures.doubled) == (2, 0.2, 1, 0)
    assert figures.published == pytest.approx(2 / 102)
    assert figures.latency
    assert figures.latency.p50 == figures.latency.max == 250
    *_, came_back, latency = lines_of(figures)
    assert came_back == "came back  1; lost 1, doubled 0"
    assert latency == "latency    p50 250.0, p95 250.0, p99 250.0, p99.9 250.0, max 250.0 ms"
    nothing = figures_of(load, generator, Arrivals(load.due))
    assert lines_of(nothing)[-1] == "latency    unknown"


def test_a_load_never_shows_what_was_written() -> None:
    """The `repr` of a load has no word of its inquiries."""
    assert "secret" not in repr(Load([b"secret"], array("d", [1.0]), 1.0, TAGS))


def test_a_load_of_nothing_is_refused() -> None:
    """Where the time is too short for a single inquiry, one sentence says what to give."""
    with pytest.raises(ConfigurationError, match="--rate"):
        plan_load(None, rate=1e-9, seconds=1.0, bursty=False, seed=0)


def test_two_loads_are_never_taken_for_each_other() -> None:
    """Runs of the same seed have the same schedule and different tags."""
    one, two = (plan_load(None, rate=5, seconds=9, bursty=True, seed=3) for _ in range(2))
    assert one.due == two.due
    assert one.tags.header(0) != two.tags.header(0)


def test_a_load_looks_on_every_final_topic() -> None:
    """Departments, review and rejected are read: wherever an inquiry may end."""
    router = RouterSettings(rejected_topic="other.rejected")
    installation = installation_of(KafkaSettings(), ClassifierSettings(), router)
    final = installation.final_topics
    assert installation.received_topic == "inquiries"
    assert {"inquiries.review", "inquiries.rejected", "other.rejected"} < final
    assert "departments.home-office" in final
    assert "inquiries.classified" not in final
