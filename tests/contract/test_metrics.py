import re
from pathlib import Path

import httpx
import msgspec
import pytest
from faststream.asgi import AsgiFastStream
from msgspec import structs
from prometheus_client import Metric as Family
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from services.classifier import metrics as classifier
from services.classifier.app import create_app as create_classifier
from services.classifier.settings import ClassifierSettings
from services.cli import MODEL
from services.clock import utc_now
from services.desk import metrics as desk
from services.desk.app import DeskApp
from services.desk.app import create_app as create_desk
from services.desk.login.settings import LoginSettings
from services.desk.settings import DeskSettings
from services.engine import metrics as engine
from services.engine.metric import Metric
from services.kafka.settings import KafkaSettings
from services.model.manifest import FILENAME, Manifest, read_manifest
from services.router import metrics as router
from services.router.app import create_app as create_router
from services.router.settings import RouterSettings
from services.settler import metrics as settler
from services.settler.app import create_app as create_settler
from services.settler.settings import SettlerSettings

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"
POD = "http://pod"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"
OF_SERVICE = {
    "classifier": classifier.METRICS,
    "router": router.METRICS,
    "settler": settler.METRICS,
    "desk": desk.METRICS,
}
# The desk has no engine, and of its metrics those of a process.
SHARED = dict.fromkeys(OF_SERVICE, engine.METRICS) | {"desk": (engine.BUILD, engine.READY)}


def an_app(service: str) -> AsgiFastStream | DeskApp:
    kafka = KafkaSettings()
    if service == "classifier":
        return create_classifier(ClassifierSettings(), kafka, utc_now)
    if service == "settler":
        return create_settler(SettlerSettings(), kafka, utc_now)
    if service == "desk":
        here = DeskSettings(http_host="127.0.0.1")
        return create_desk(here, LoginSettings(login="none"), kafka, utc_now)
    return create_router(RouterSettings(), kafka, utc_now)


def asking(app: AsgiFastStream | DeskApp) -> httpx.AsyncClient:
    """Return what asks a service, in this process, by a name as a pod has."""
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url=POD, follow_redirects=True)


async def scraped(app: AsgiFastStream | DeskApp) -> list[Family]:
    """Scrape a service as Prometheus does, which asks for OpenMetrics."""
    async with asking(app) as client:
        response = await client.get("/metrics", headers={"Accept": OPENMETRICS})
    assert response.headers["content-type"].startswith("application/openmetrics-text")
    return [*text_string_to_metric_families(response.text)]  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("service", OF_SERVICE)
async def test_a_service_exposes_the_metrics_of_its_list(service: str) -> None:
    """What is scraped is the list: name, type, unit and meaning, and nothing but it."""
    exposed = {
        (family.name, family.type, family.unit, family.documentation)
        for family in await scraped(an_app(service))
        if not family.name.startswith("process_")
    }
    assert exposed == {
        (each.name.removesuffix("_total"), each.kind, each.unit, each.meaning)
        for each in (*SHARED[service], *OF_SERVICE[service])
    }


@pytest.mark.parametrize("service", OF_SERVICE)
async def test_a_count_is_there_before_the_first_time(service: str) -> None:
    """Every metric has a series from the start, but the lag of partitions not yet assigned."""
    empty = [each.name for each in await scraped(an_app(service)) if not each.samples]
    assert empty == [each.name for each in SHARED[service] if each == engine.LAG]


@pytest.mark.parametrize("service", OF_SERVICE)
async def test_a_series_has_the_labels_of_its_metric(service: str) -> None:
    """No series has another label than those that are listed for its metric."""
    listed = {
        each.name.removesuffix("_total"): {*each.labels}
        for each in (*SHARED[service], *OF_SERVICE[service])
    }
    for family in await scraped(an_app(service)):
        for sample in family.samples:
            if family.name in listed:
                assert sample.labels.keys() - {"le"} == listed[family.name], sample.name


async def test_of_several_models_the_router_shows_the_lowest_promise(tmp_path: Path) -> None:
    """While a model is rolled out, what people judge is held against what both promise."""
    manifest = read_manifest(MODEL)
    bolder = structs.replace(manifest.thresholds, precision=0.5)
    other: Manifest = structs.replace(manifest, version="bolder", thresholds=bolder)
    (tmp_path / FILENAME).write_bytes(msgspec.json.encode(other))
    promised = {}
    for models in ((MODEL,), (MODEL, tmp_path)):
        app = create_router(RouterSettings(models=models), KafkaSettings(), utc_now)
        [family] = [each for each in await scraped(app) if each.name == router.PROMISED.name]
        promised[len(models)] = family.samples[0].value
    assert promised == {1: manifest.thresholds.precision, 2: 0.5}


def test_the_runbook_lists_every_metric() -> None:
    """The runbook has a line for each metric: name, type, labels and meaning, and no other line."""
    lines = re.findall(r"^\| `triage_.*\|$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)
    tables = (engine.METRICS, *OF_SERVICE.values())
    assert lines == [line(each) for table in tables for each in table]


def line(metric: Metric) -> str:
    labels = ", ".join(f"`{each}`" for each in metric.labels)
    return f"| `{metric.name}` | {metric.kind} | {labels} | {metric.meaning} |"
