import asyncio
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from services.local.embedded_kafka.broker import EmbeddedKafka
from tests.broker.at_rest import until
from tests.broker.inquiries import examples, good, rejection_of
from tests.broker.pipeline import Pipeline
from tests.broker.prometheus import Prometheus
from tests.contract.dashboards import Query, queries
from tests.contract.manifests import rules

# It reads 40 records a second of each partition at most, and hears often how many more there are.
THROTTLED = {
    "CLASSIFIER_BATCH_RECORDS": "20",
    "CLASSIFIER_FETCH_BYTES": "8192",
    "CLASSIFIER_LINGER_MS": "500",
}
FLOOD_PAUSE = 0.2  # after each hundred: three times as many as it reads
ALERT_LIMIT = 30.0
# What Grafana would fill in.
VARIABLES = {"$__rate_interval": "10s", "$__range": "30s", "$namespace": ".*"}
DURATION = re.compile(r"(?<![\w.])(\d+)([mhd])\b")
SHORTER = {"m": (1, "s"), "h": (1, "m"), "d": (24, "m")}


@dataclass(frozen=True)
class Watched:
    """What Prometheus has seen, and when what happened, in seconds since 1970.

    Until `troubled` the services run and keep up; from then on more is published than the
    classifier reads, and the router is gone.
    """

    prometheus: Prometheus
    began: float
    troubled: float
    ended: float

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


async def until_seen(prometheus: Prometheus, condition: str) -> None:
    """Wait until what Prometheus has scraped meets a condition."""

    async def seen() -> list[float]:
        now = time.time()
        return await asyncio.to_thread(prometheus.values, condition, now, now, instant=True)

    await until(seen)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def watched(
    kafka: EmbeddedKafka, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Watched]:
    """A pipeline that answers the examples, then is sent too much and loses its router."""
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("prometheus")
        pipeline = Pipeline(kafka.bootstrap_servers, folder, "prometheus.", stack)
        await pipeline.create_topics()
        classifier, router = pipeline.service("classifier", **THROTTLED), pipeline.service("router")
        jobs = {"inquiry-triage-classifier": classifier, "inquiry-triage-router": router}
        # It looks for its targets five seconds after its start.
        prometheus = stack.enter_context(Prometheus(folder, jobs, quickened(rules())))
        await pipeline.started(classifier, router)
        await until_seen(prometheus, "count(up == 1) == 2 unless on () ALERTS")
        began = time.time()
        published = examples()
        await pipeline.publish(published)
        routed = sum(rejection_of(record) is None for record in published)
        await until_seen(prometheus, f"sum(triage_routed_total) == {routed}")
        troubled = time.time()
        router.kill()
        async with pipeline.traffic(good(keys=40), pause=FLOOD_PAUSE):
            await until_fires(prometheus, "TriageLagGrowing", "TriageTargetDown")
        yield Watched(prometheus, began, troubled, time.time())


@pytest.mark.parametrize("query", queries(), ids=str)
def test_a_query_of_a_dashboard_finds_something(watched: Watched, query: Query) -> None:
    """Each query, its variables filled in as Grafana does, returns figures of what runs."""
    expression = query.expression
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    end = watched.troubled if query.instant else watched.ended
    assert watched.prometheus.values(expression, watched.began, end, instant=query.instant)


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
