from dataclasses import asdict
from io import StringIO
from pathlib import Path

from rich.console import Console

from benchmarks.latency import show
from benchmarks.latency_line import RATE, Latency, own_plan
from services.local.load.command import way_of
from services.local.load.figures import LoadFigures, Quantiles
from services.local.pipeline import plan_pipeline
from services.topics import topics_of

TIMES = Quantiles(p50=12.5, p95=30, p99=61.25, p999=99, max=123)
LATE = Quantiles(p50=0.1, p95=0.2, p99=0.75, p999=1, max=2)


def found(rate: float, share: float | None = None) -> Latency:
    load = LoadFigures(
        inquiries=20, offered=rate, published=rate, lost=0, doubled=0, late=LATE, latency=TIMES
    )
    return Latency(rate, share, bursty=False, load=load)


def test_a_measured_pipeline_is_nobody_elses(tmp_path: Path) -> None:
    """Topics and groups that are measured have names of their own, and the services are told."""
    plan = plan_pipeline()
    own, environment = own_plan(plan, tmp_path)
    assert all(topic.startswith("latency.") for topic in topics_of(own.classifier, own.router))
    assert len(topics_of(own.classifier, own.router)) == len(
        topics_of(plan.classifier, plan.router)
    )
    assert own.router.input_topic == own.classifier.output_topic
    assert environment["CLASSIFIER_INPUT_TOPIC"] == way_of(own.classifier, own.router).first
    assert environment["ROUTER_INPUT_TOPIC"] == own.classifier.output_topic
    assert environment["ROUTER_GROUP_ID"] != plan.router.group_id


def test_the_goals_stand_under_the_load_that_has_them() -> None:
    """The table has each load's quantiles, and goals at 1,000 a second alone."""
    console = Console(file=StringIO(), width=100)
    show(console, [found(RATE), found(5_000, 0.5)])
    assert isinstance(console.file, StringIO)
    rows = [line.split() for line in console.file.getvalue().splitlines()]
    assert ["1,000", "12.5", "30.0", "61.2", "99.0", "123.0", "0.8"] in rows
    assert ["goal", "≤", "20", "≤", "60"] in rows
    assert ["5,000", "50%", "12.5", "30.0", "61.2", "99.0", "123.0", "0.8"] in rows
    assert sum(row[:1] == ["goal"] for row in rows) == 1


def test_figures_are_plain_data() -> None:
    """What was found becomes JSON as it is."""
    assert asdict(found(RATE))["load"]["latency"]["p999"] == 99
