"""A router with as many departments as one likes, and inquiries for all of them."""

from pathlib import Path

import msgspec
from aiokafka import ConsumerRecord

from benchmarks.work import Work
from services.local.lines import Line
from services.manifest import FILENAME
from services.router.decide import Decider
from services.router.route import route
from services.router.settings import RouterSettings
from services.router.starter import starter_table
from services.stream.service import utc_now

NO_THRESHOLD = {"probability": 0.0, "precision": 0.0, "rows": 0}


def labels_of(count: int) -> list[str]:
    """Give the labels of so many departments."""
    return [f"department-{number}" for number in range(count)]


def with_departments(
    folder: Path, prefix: str, router: RouterSettings, count: int
) -> tuple[RouterSettings, dict[str, str]]:
    """Give a router's settings, and the environment that says so, for a table of so many.

    Rules stay as they are; every department takes what the model gives it, however unsure.
    """
    own = folder / prefix
    own.mkdir()
    labels = labels_of(count)
    manifest = msgspec.json.decode((router.model / FILENAME).read_bytes())
    manifest["labels"] = labels
    manifest["thresholds"]["departments"] = dict.fromkeys(labels, NO_THRESHOLD)
    manifest["thresholds"]["in_remit"] = 0.0
    manifest["expected"]["share"] = dict.fromkeys(labels, 0.0)
    (own / FILENAME).write_bytes(msgspec.json.encode(manifest))
    shipped = router.routes.read_text(encoding="utf-8")
    rules = shipped[shipped.index("[[rules]]") :]
    table = starter_table(labels) + rules
    routes = own / "routes.toml"
    routes.write_text(table.replace('topic = "', f'topic = "{prefix}.'), encoding="utf-8")
    settings = {
        "input_topic": f"{prefix}.in",
        "rejected_topic": f"{prefix}.rejected",
        "group_id": prefix,
        "routes": routes,
        "model": own,
    }
    environment = {f"ROUTER_{name}".upper(): str(value) for name, value in settings.items()}
    return router.model_copy(update=settings), environment


def spread(work: Work, decider: Decider, count: int) -> Work:
    """Give the router's work with the departments of such a table in turn."""
    labels = labels_of(count)
    values = []
    for number, value in enumerate(work.values):
        event = msgspec.json.decode(value)
        event["classification"]["department"] = labels[number % len(labels)]
        values.append(msgspec.json.encode(event))
    lines = [Line(n, value, headers=tuple(work.headers)) for n, value in enumerate(values)]
    routed = route(lines, decider, rejected_topic="rejected", now=utc_now())

    def is_right(place: int, record: ConsumerRecord) -> bool:
        return bool(record.topic == routed[place].topic)

    return Work(values, work.headers, work.id_header, is_right)
