from dataclasses import asdict
from pathlib import Path

from benchmarks.contestants import Name
from benchmarks.latency import BARE, RATE, SERVICES, Latency, rows_of
from benchmarks.processes import contestant, environment_with
from services.local.load.latency import LoadFigures, Quantiles
from services.local.processes.pipeline import plan_installation
from services.operate.topics import topics_of

TIMES = Quantiles(p50=12.5, p95=30, p99=61.25, p999=99, max=123)
CPU = {"classifier": 0.5, "router": 0.25, "broker": 1.125}
LATE = Quantiles(p50=0.1, p95=0.2, p99=0.75, p999=1, max=2)


def found(rate: float, part: float | None = None, pair: str = SERVICES) -> Latency:
    load = LoadFigures(
        inquiries=20, offered=rate, published=rate, lost=0, doubled=0, late=LATE, latency=TIMES
    )
    return Latency(pair, rate, part, load, CPU)


def test_a_measured_pipeline_is_nobody_elses(tmp_path: Path) -> None:
    """Topics and groups that are measured have names of their own, and the services are told."""
    plan = plan_installation()
    classifier, router = (
        contestant(name, plan, tmp_path) for name in (Name.CLASSIFIER, Name.ROUTER)
    )
    for each in (classifier, router):
        prefix = each.kafka.topic_prefix
        assert all(topic.startswith(prefix) for topic in each.writes)
        assert {topic.removeprefix(prefix) for topic in each.writes} < {*topics_of(plan)}
        assert environment_with(plan, prefix)["KAFKA_TOPIC_PREFIX"] == prefix
        assert each.settings.group_id not in {plan.classifier.group_id, plan.router.group_id}
    assert router.settings.input_topic not in classifier.writes


def test_the_goals_stand_under_the_load_that_has_them() -> None:
    """Under ours at 1,000 a second stands what it may be: a figure, or half more than the bare."""
    times = ("12.5", "30.0", "61.2", "99.0", "123.0", "0.8", "0.50", "0.25", "1.12")
    assert [*rows_of([found(RATE), found(RATE, pair=BARE), found(RATE), found(5_000, 0.5)])] == [
        (SERVICES, "1,000", "", *times),
        ("goal", "", "", "≤ 25.0, met", "", "≤ 60.0, missed", "", "", "", "", "", ""),
        (BARE, "1,000", "", *times),
        (SERVICES, "1,000", "", *times),
        ("goal", "", "", "≤ 25.0, met", "", "≤ 91.9, met", "", "", "", "", "", ""),
        (SERVICES, "5,000", "50%", *times),
    ]


def test_figures_are_plain_data() -> None:
    """What was found becomes JSON as it is."""
    assert asdict(found(RATE))["load"]["latency"]["p999"] == 99
