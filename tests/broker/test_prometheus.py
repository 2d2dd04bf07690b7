import asyncio
import math
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from services.local.embedded_kafka.broker import EmbeddedKafka
from services.messages.events import SampledInquiry
from services.messages.judgement import MODES
from services.model.kept_promise import Tally
from tests.broker.at_rest import until
from tests.broker.audit import AUDIT
from tests.broker.desk import Desk, a_judgement
from tests.broker.inquiries import examples, good, rejection_of
from tests.broker.pipeline import Pipeline
from tests.broker.prometheus import Prometheus
from tests.contract.dashboards import Query, queries
from tests.contract.manifests import rules
from tests.warm import WarmService

# It reads 40 records a second of each partition at most, and hears often how many more there are.
THROTTLED = {
    "CLASSIFIER_BATCH_RECORDS": "20",
    "CLASSIFIER_FETCH_BYTES": "8192",
    "CLASSIFIER_LINGER_MS": "500",
}
FLOOD_PAUSE = 0.2  # after each hundred: three times as many as it reads
ALERT_LIMIT = 30.0
NOT_OURS = {"outcome": "not-ours", "department": None}
WRONG = 10  # of the copies for an audit every so many
JUDGED = 'job_department:triage_audit_judged:sum{department=""}'
PRECISION = 'job_department:triage_audit_precision:{}{{department=""}}'
# Two people have judged nothing here, and so do not agree on anything.
KAPPA = "Two people by department (A)"
DURATION = re.compile(r"(?<![\w.])(\d+)([mhd])\b")
SHORTER = {"m": (1, "s"), "h": (1, "m"), "d": (24, "m")}


@dataclass(frozen=True)
class Watched:
    """What Prometheus has seen, and when what happened, in seconds since 1970.

    Until `troubled` the services run and keep up, and people have judged what was left to them and
    all copies, of which the tally is known; from then on more is published than the classifier
    reads, and the router is gone.
    """

    prometheus: Prometheus
    tally: Tally
    began: float
    troubled: float
    ended: float

    def filled_in(self, expression: str) -> str:
        """Fill in variables as Grafana does that shows the time before the trouble."""
        values = {
            "$__rate_interval": "10s",
            "$__range": f"{math.ceil(self.troubled - self.began)}s",
            "$namespace": ".*",
        }
        for name, value in values.items():
            expression = expression.replace(name, value)
        return expression

    def fired(self, alert: str, start: float, end: float) -> bool:
        """Tell whether an alert fired within some time."""
        firing = f'ALERTS{{alertname="{alert}", alertstate="firing"}}'
        within = f"count_over_time({firing}[{(end - start) * 1000:.0f}ms])"
        return bool(self.prometheus.values(within, start, end, instant=True))


def quickened(part: Any) -> Any:
    """Read minutes as seconds, hours as minutes, and days likewise, in all that rules say."""
    if isinstance(part, Mapping):
        return {name: quickened(each) for name, each in part.items()}
    if isinstance(part, list):
        return [quickened(each) for each in part]
    return DURATION.sub(_shorter, part) if isinstance(part, str) else part


def _shorter(duration: re.Match[str]) -> str:
    factor, unit = SHORTER[duration[2]]
    return f"{int(duration[1]) * factor}{unit}"


async def until_fires(prometheus: Prometheus, *alerts: str) -> None:
    """Wait until alerts fire; whether each did is for a test to say."""

    async def fire() -> bool:
        return await asyncio.to_thread(prometheus.firing) >= {*alerts}

    with suppress(TimeoutError):
        await until(fire, limit=ALERT_LIMIT)


async def until_seen(prometheus: Prometheus, condition: str) -> float:
    """Wait until what Prometheus has scraped meets a condition, and return when it did."""
    now = 0.0

    async def seen() -> list[float]:
        nonlocal now
        now = time.time()
        return await asyncio.to_thread(prometheus.values, condition, now, now, instant=True)

    await until(seen)
    return now


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def watched(
    kafka: EmbeddedKafka, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Watched]:
    """A pipeline that answers the examples, and people who judge; then it loses its router."""
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("prometheus")
        pipeline = Pipeline(kafka.bootstrap_servers, folder, "prometheus.", stack, WarmService)
        await pipeline.create_topics()
        classifier = pipeline.service("classifier", **THROTTLED)
        router, settler = pipeline.service("router", **AUDIT), pipeline.service("settler")
        desk = pipeline.service("desk", DESK_LOGIN="none", DESK_HTTP_HOST="127.0.0.1")
        services = {"classifier": classifier, "router": router, "settler": settler, "desk": desk}
        jobs = {f"inquiry-triage-{name}": service for name, service in services.items()}
        # It looks for its targets five seconds after its start.
        prometheus = stack.enter_context(Prometheus(folder, jobs, quickened(rules())))
        await pipeline.started(*services.values())
        await until_seen(prometheus, "count(up == 1) == 4 unless on () ALERTS")
        began = time.time()
        published = examples()
        await pipeline.publish(published)
        routed = sum(rejection_of(record) is None for record in published)
        await until_seen(prometheus, f"sum(triage_routed_total) == {routed}")
        await until_seen(prometheus, 'sum(triage_waiting{source="review"}) > 0')
        assert (await asyncio.to_thread(desk.get, "/"))[0] == 200
        tally = await judged_by_people(pipeline)
        # A busy machine may miss a scrape, and then for a second there is nothing of that service.
        all_seen = f"{JUDGED} == {tally.judged} and on () count(up == 1) == 4"
        troubled = await until_seen(prometheus, all_seen)
        router.kill()
        async with pipeline.traffic(good(keys=40), pause=FLOOD_PAUSE):
            await until_fires(prometheus, "TriageLagGrowing", "TriageTargetDown")
        yield Watched(prometheus, tally, began, troubled, time.time())


async def judged_by_people(pipeline: Pipeline) -> Tally:
    """Judge what was left to people, and every copy for an audit, of which some went wrong.

    Returns:
        The tally of the copies.
    """
    await pipeline.answered()
    desk, tally, judgements = Desk(pipeline), Tally(), list[dict[str, Any]]()
    for mode, each in zip(cycle(MODES), await desk.lying("review"), strict=False):
        judgements.append(a_judgement(each, mode=mode))
    for number, each in enumerate(await desk.lying("audit")):
        copy = msgspec.json.decode(each.value, type=SampledInquiry)
        right = number % WRONG > 0
        tally = tally.with_copy(chance=copy.sample.chance, right=right)
        told = {"department": copy.classification.department} if right else NOT_OURS
        judgements.append(a_judgement(each, **told))
    await desk.judge(*judgements)
    return tally


@pytest.mark.parametrize("query", [each for each in queries() if KAPPA not in str(each)], ids=str)
def test_a_query_of_a_dashboard_finds_something(watched: Watched, query: Query) -> None:
    """Each query, its variables filled in as Grafana does, returns figures of what runs."""
    expression = watched.filled_in(query.expression)
    end = watched.troubled if query.instant else watched.ended
    assert watched.prometheus.values(expression, watched.began, end, instant=query.instant)


def test_what_people_judged_is_the_precision_that_is_shown(watched: Watched) -> None:
    """From the router's copies to Prometheus' rules, nothing is lost of what each stands for."""
    expected = watched.tally.precision
    assert expected is not None
    for rule, value in (
        ("share", expected.value),
        ("low95", expected.low),
        ("high95", expected.high),
    ):
        [shown] = watched.prometheus.values(
            PRECISION.format(rule), watched.began, watched.troubled, instant=True
        )
        assert shown == pytest.approx(value)


def test_prometheus_knows_what_it_scrapes(watched: Watched) -> None:
    """It is served OpenMetrics, which alone has units, and names of counters without their end."""
    known = watched.prometheus.get("metadata")
    assert known["triage_inquiry_age_seconds"][0]["unit"] == "seconds"
    assert known["triage_inquiry_age_seconds"][0]["type"] == "histogram"
    assert known["triage_records_read"][0]["type"] == "counter"


def test_a_lag_that_grows_is_reported(watched: Watched) -> None:
    """TriageLagGrowing fires while more is published than is read, and not before."""
    assert not watched.fired("TriageLagGrowing", watched.began, watched.troubled)
    assert watched.fired("TriageLagGrowing", watched.troubled, watched.ended)


def test_a_service_that_is_gone_is_reported(watched: Watched) -> None:
    """TriageTargetDown fires once a service has been killed, and not before."""
    assert not watched.fired("TriageTargetDown", watched.began, watched.troubled)
    assert watched.fired("TriageTargetDown", watched.troubled, watched.ended)
