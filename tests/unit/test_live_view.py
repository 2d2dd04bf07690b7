import asyncio
import json
import re
from datetime import UTC, datetime
from io import StringIO

import pytest
from aiokafka.errors import KafkaError
from rich.console import Console

from services.classifier.settings import ClassifierSettings
from services.errors import TriageError
from services.local.examples import EXAMPLES, key_of, read_lines
from services.local.live_view.display import showing
from services.local.live_view.line import line_of
from services.local.live_view.rates import Flow, Span, flow_of, service_figures
from services.local.live_view.run import watch
from services.local.live_view.scrape import read_scrape
from services.local.live_view.screen import screen_of
from services.local.live_view.snapshot import Address, Snapshot
from services.local.live_view.steady_load import JustReceived
from services.local.live_view.units import age, clock, share
from services.local.load.arrivals import Tags
from services.local.load.generator import Generator, Load
from tests.broker.exactly_once import Sent
from tests.broker.inquiries import rejection_of
from tests.unit.test_load import AProducer, Time

ADDRESS = Address(
    "127.0.0.1:29092",
    {
        "classifier": "http://127.0.0.1:28001",
        "router": "http://127.0.0.1:28002",
        "settler": "http://127.0.0.1:28003",
    },
)
BEFORE = """
triage_records_read_total{topic="in"} 100
triage_records_written_total{topic="a"} 60
triage_records_written_total{topic="b"} 40
triage_rejected_total{reason="not-json"} 5
triage_inquiry_age_seconds_bucket{topic="a",le="0.1"} 7
triage_inquiry_age_seconds_bucket{topic="a",le="0.5"} 8
triage_inquiry_age_seconds_bucket{topic="a",le="+Inf"} 100
triage_routed_total{department="tax",reason="confident"} 30
triage_routed_total{department="tax",reason="rule"} 1
triage_routed_total{department="roads",reason="confident"} 0
triage_judgements_total{outcome="department",verdict="counted"} 3
triage_judgements_total{outcome="department",verdict="late"} 1
process_start_time_seconds 900
triage_ready 1
triage_circuit_breaker_open 0
"""
AFTER = """
triage_records_read_total{topic="in"} 140
triage_records_written_total{topic="a"} 90
triage_records_written_total{topic="b"} 50
triage_rejected_total{reason="not-json"} 6
triage_rejected_total{reason="empty-text"} 1
triage_inquiry_age_seconds_bucket{topic="a",le="0.1"} 47
triage_inquiry_age_seconds_bucket{topic="a",le="0.5"} 68
triage_inquiry_age_seconds_bucket{topic="a",le="+Inf"} 170
triage_inquiry_age_seconds_bucket{topic="b",le="0.1"} 5
triage_inquiry_age_seconds_bucket{topic="b",le="0.5"} 29
triage_inquiry_age_seconds_bucket{topic="b",le="+Inf"} 30
triage_routed_total{department="tax",reason="confident"} 60
triage_routed_total{department="tax",reason="rule"} 5
triage_routed_total{department="tax",reason="ambiguous"} 2
triage_routed_total{department="roads",reason="confident"} 10
triage_routed_total{department="roads",reason="rule"} 2
triage_judgements_total{outcome="department",verdict="counted"} 9
triage_judgements_total{outcome="department",verdict="late"} 5
triage_judgements_total{outcome="escalate",verdict="counted"} 2
triage_lag_records{topic="in",partition="0"} 3
triage_lag_records{topic="in",partition="1"} 4
triage_assigned_partitions 2
process_start_time_seconds 900
triage_ready 1
triage_circuit_breaker_open 0
"""
SPAN = Span(read_scrape(BEFORE, 1000.0), read_scrape(AFTER, 1004.0))


def a_snapshot(*, answers: bool = True, breaker: bool = False) -> Snapshot:
    last = (
        AFTER.replace("breaker_open 0", "breaker_open 1").replace("ready 1", "ready 0")
        if breaker
        else AFTER
    )
    router = service_figures(Span(SPAN.first, read_scrape(last, 1004.0)))
    services = {
        "classifier": service_figures(SPAN),
        "router": router if answers else None,
        "settler": service_figures(SPAN),
    }
    return Snapshot(62.0, 4.0, services, flow_of(SPAN, SPAN, SPAN) if answers else None)


def test_figures_are_what_grew_between_two_scrapes() -> None:
    """Counters are shown as what they grew by a second, gauges as they are."""
    figures = service_figures(SPAN)
    assert (figures.read, figures.written) == (10, 10)
    assert (figures.lag, figures.partitions, figures.state) == (7, 2, "ready")
    assert figures.up_seconds == 104


def test_ages_are_those_of_the_last_moments() -> None:
    """An age is the bound that so many of the new inquiries, on all topics, do not exceed."""
    figures = service_figures(SPAN)
    assert figures.age_p50 == 0.5  # 84 of 100; 45 of them below 0.1 s, which is not half
    assert figures.age_p95 == float("inf")
    still = service_figures(Span(SPAN.last, read_scrape(AFTER, 1005.0)))
    assert still.age_p50 is None


def test_every_end_of_an_inquiry_is_shown() -> None:
    """Departments get what is confident; the rest is by its reason, rejections of all together.

    What people decided of it counts where it counts, and is no end of its own.
    """
    flow = flow_of(SPAN, SPAN, Span(read_scrape("", 0), read_scrape("", 1)))
    assert flow.departments == {"roads": 2.5, "tax": 7.5}
    assert flow.review == {"ambiguous": 0.5, "rule": 1.5}
    assert flow.rejected == {"empty-text": 0.5, "not-json": 0.5}
    assert flow.total == 13
    assert flow.decided == {}
    assert flow_of(SPAN, SPAN, SPAN).decided == {"department": 1.5, "escalate": 0.5}


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (None, "-"),
        (0.25, "≤ 250 ms"),
        (2.5, "≤ 2.5 s"),
        (900, "≤ 15 min"),
        (86_400, "≤ 1 d"),
        (float("inf"), "longer"),
    ],
)
def test_ages_have_a_unit_that_suits(seconds: float | None, written: str) -> None:
    """An age is written as a bound, in the largest unit that it fills."""
    assert age(seconds) == written


def test_times_and_shares_are_written_out() -> None:
    """Durations are hours, minutes and seconds; shares are per cent, and none of nothing."""
    assert clock(3_723.9) == "1:02:03"
    assert share(1, 8) == "12 %"
    assert share(0, 0) == "-"


def shown(snapshot: Snapshot, width: int, height: int) -> list[str]:
    console = Console(file=StringIO(), width=width, height=height, force_terminal=False)
    with console.capture() as capture:
        console.print(screen_of(snapshot, ADDRESS), end="")
    return capture.get().splitlines()


def busy(departments: int) -> Snapshot:
    names = [f"department-of-{number:02}-{'x' * 40}" for number in range(departments)]
    flow = Flow(
        {name: 10_000 / (1 + rank) for rank, name in enumerate(names)},
        dict.fromkeys(("low-confidence", "ambiguous", "out-of-remit", "rule"), 1_000),
        {f"unsupported-version{number}": 9.5 for number in range(11)},
        {"department": 250.0, "not-ours": 40.0, "escalate": 10.0},
    )
    return Snapshot(86_399.0, 10.0, a_snapshot().services, flow)


def test_the_view_fits_a_small_terminal() -> None:
    """80 x 24 hold every service's figures and address, and say how much there is no room for."""
    lines = shown(busy(16), 80, 24)
    assert len(lines) == 24
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    for essential in ("23:59:59", "Ctrl-C", "≤ 500 ms", "longer", *ADDRESS.urls.values()):
        assert essential in text
    assert "/asyncapi" in text
    assert f"KAFKA_BOOTSTRAP_SERVERS={ADDRESS.servers}" in text
    assert re.search(r"^6 more", text, flags=re.MULTILINE)
    assert "…" not in "".join(lines[:6])
    assert re.search(r"people decided +300\.0/s", text)


def test_the_view_uses_the_room_there_is() -> None:
    """A larger terminal shows every department and reason, with longer bars."""
    small, large = (shown(busy(16), *size) for size in ((80, 24), (140, 45)))
    assert len(large) == 45
    text = "\n".join(large)
    assert " more" not in text
    assert len(re.findall(r"^department-of-\d\d", text, flags=re.MULTILINE)) == 16
    assert max(line.count("█") for line in large) > max(line.count("█") for line in small)


def test_trouble_is_seen() -> None:
    """A service that does not answer, and one whose circuit breaker is open, show as such."""
    assert "no answer" in "\n".join(shown(a_snapshot(answers=False), 80, 24))
    assert "circuit open" in "\n".join(shown(a_snapshot(breaker=True), 80, 24))
    assert "router does not answer" in line_of(a_snapshot(answers=False))
    assert "router circuit open" in line_of(a_snapshot(breaker=True))


def test_a_line_says_it_all() -> None:
    """Without a terminal a line has time, rate, where inquiries went, and how each service does."""
    assert line_of(a_snapshot()) == (
        "0:01:02; 13 inquiries/s: 77 % to departments, 15 % to a person, 8 % rejected; "
        "2 decided by people/s; classifier ready, lag 7, p95 age longer; router ready, lag 7, "
        "p95 age longer; settler ready, lag 7, p95 age longer"
    )


def test_lines_come_every_few_seconds() -> None:
    """Without a terminal the addresses come first, and then no more than a line in 5 s."""
    console = Console(file=StringIO(), width=80, force_terminal=False)
    with console.capture() as capture, showing(console, ADDRESS) as show:
        for second in range(12):
            show(Snapshot(second, 4.0, a_snapshot().services, None))
    lines = capture.get().splitlines()
    assert lines[0] == (
        "classifier: http://127.0.0.1:28001/metrics  /livez  /readyz  /asyncapi  /asyncapi.json"
    )
    assert lines[3] == "export KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:29092"
    assert [line[:7] for line in lines[4:]] == ["0:00:00", "0:00:05", "0:00:10"]
    assert "\x1b" not in capture.get()


class AService:
    """A service whose counters grow with every look."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.looks = 0
        self.away = False

    def get(self, path: str) -> tuple[int, str]:
        assert path == "/metrics"
        if self.away:
            raise TimeoutError
        self.looks += 1
        return 200, f'triage_records_read_total{{topic="in"}} {self.looks}'


async def forever() -> None:
    await asyncio.Event().wait()


async def refused() -> None:
    raise KafkaError("no")


async def snapshots(router: AService, looks: int) -> list[Snapshot]:
    """Watch without a pause until something is found to have ended, and return what was shown."""
    seen: list[Snapshot] = []
    running = iter([True] * looks)

    def check() -> None:
        if not next(running, False):
            raise TriageError("The router has ended.")

    with pytest.raises(TriageError, match="has ended"):
        await watch(
            [AService("classifier"), router, AService("settler")],
            forever,
            check,
            seen.append,
            pause=0,
        )
    return seen


async def test_the_watch_shows_what_is_new_until_something_ends() -> None:
    """From the second look on there are figures; a service that ends ends it with its sentence."""
    seen = await snapshots(AService("router"), looks=3)
    assert len(seen) == 2
    assert all(each.services["router"] for each in seen)
    assert all(each.flow for each in seen)


async def test_a_service_that_does_not_answer_does_not_end_the_watch() -> None:
    """While a service is silent the other's figures are shown, and the watch goes on."""
    router = AService("router")
    router.away = True
    seen = await snapshots(router, looks=3)
    assert seen[-1].services["classifier"]
    assert seen[-1].services["router"] is None
    assert seen[-1].flow is None


async def test_what_kafka_refuses_ends_the_watch() -> None:
    """An inquiry that Kafka does not take ends the watch with the client's error."""
    with pytest.raises(KafkaError):
        await watch([AService("classifier")], refused, lambda: None, print)


def test_the_examples_do_not_open_the_circuit_breaker() -> None:
    """Of the examples far fewer are rejected than would stop a service, in whichever order."""
    examples = read_lines(EXAMPLES)
    rejected = [line for line in examples if rejection_of(Sent(line))]
    assert 0 < len(rejected) / len(examples) < ClassifierSettings().circuit_breaker_share / 2


def test_inquiries_are_as_if_just_received() -> None:
    """A readable inquiry gets the time of the moment and is else the same; others stay as sent."""
    now = datetime(2026, 11, 25, 3, 30, tzinfo=UTC)
    old = b'{"id": "a", "text": "T\\u0177", "received_at": "2020-01-01T00:00:00Z", "n": 1.50}'
    bad = b'{"id": 7, "text": "x", "received_at": "2020-01-01T00:00:00Z"}'
    values = JustReceived([old, bad, b"\xff"], lambda: now)
    assert json.loads(values[0]) == json.loads(old) | {"received_at": "2026-11-25T03:30:00Z"}
    assert b'"T\\u0177"' in values[0]
    assert b"1.50" in values[0]
    assert [values[1], values[2], len(values)] == [bad, b"\xff", 3]


async def test_a_steady_stream_keeps_cases_in_order() -> None:
    """An inquiry's key is that of its case; where it has none, one of its own."""
    time, values = Time(), [b'{"id": "q-1", "reference": "case-7"}', b"no key"]
    producer = AProducer(time, 3)
    tags = Tags("run")
    load = Load(values, [1.0, 2.0, 3.0], 4.0, tags, key_of)
    await Generator(load, time, time.sleep).send(producer, "in", 3)
    assert [key for _, _, key, _ in producer.sent] == [b"case-7", tags.key(1), b"case-7"]
