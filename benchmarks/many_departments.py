"""A router with as many departments as one likes, and inquiries for all of them."""

from dataclasses import replace
from pathlib import Path

import msgspec

from benchmarks.workloads import Workload, to_route
from services.model.manifest import FILENAME
from services.operate.installation import Installation, installation_of
from services.router.app import create_decider
from services.router.starter_table import starter_table

NO_THRESHOLD = {"probability": 0.0, "precision": 0.0, "rows": 0}


def with_departments(plan: Installation, folder: Path, count: int) -> Installation:
    """Return an installation with so many departments, whose table and model are in the folder.

    Rules stay as they are; every department takes what the model gives it, however unsure.
    """
    labels = _labels(count)
    manifest = msgspec.json.decode((plan.classifier.model / FILENAME).read_bytes())
    manifest["labels"] = labels
    manifest["thresholds"]["departments"] = dict.fromkeys(labels, NO_THRESHOLD)
    manifest["thresholds"]["in_remit"] = 0.0
    manifest["expected"]["share"] = dict.fromkeys(labels, 1 / count)
    folder.mkdir()
    (folder / FILENAME).write_bytes(msgspec.json.encode(manifest))
    shipped, routes = plan.router.routes.read_text(encoding="utf-8"), folder / "routes.toml"
    table = starter_table(labels) + shipped[shipped.index("[[rules]]") :]
    routes.write_text(table, encoding="utf-8")
    classifier = plan.classifier.model_copy(update={"model": folder})
    router = plan.router.model_copy(update={"routes": routes, "models": (folder,)})
    return installation_of(plan.kafka, classifier, router)


def spread(classified: Workload, plan: Installation) -> Workload:
    """Return the router's workload with the departments of such an installation in turn."""
    labels, values = _labels(len(plan.table.departments)), []
    for number, value in enumerate(classified.values):
        event = msgspec.json.decode(value)
        event["classification"]["department"] = labels[number % len(labels)]
        values.append(msgspec.json.encode(event))
    return to_route(replace(classified, values=values), create_decider(plan.router))


def _labels(count: int) -> list[str]:
    return [f"department-{number}" for number in range(count)]
