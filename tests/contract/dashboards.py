"""Reads the dashboards as Grafana would: panels, their places on the grid, and their queries."""

import json
from pathlib import Path
from typing import NamedTuple

from tests.contract.manifests import K8S, Manifest

FILES = sorted((K8S / "base" / "monitoring" / "dashboards").iterdir())


class Query(NamedTuple):
    """One query of a panel; an `instant` one asks for a moment, any other for a time."""

    dashboard: str
    panel: str
    ref_id: str
    expression: str
    legend: str
    instant: bool

    def __str__(self) -> str:
        """Name it, such as `operators: Waiting (A)`."""
        return f"{self.dashboard}: {self.panel} ({self.ref_id})"


def read(path: Path) -> Manifest:
    """Read a dashboard."""
    dashboard: Manifest = json.loads(path.read_text(encoding="utf-8"))
    return dashboard


def panels_of(dashboard: Manifest) -> list[Manifest]:
    """Return the panels that show something: all but the titles of rows."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def queries() -> list[Query]:
    """Return every query of every dashboard."""
    return [
        Query(
            dashboard=path.stem,
            panel=panel["title"],
            ref_id=target["refId"],
            expression=target["expr"],
            legend=target.get("legendFormat", ""),
            instant=target.get("instant", False),
        )
        for path in FILES
        for panel in panels_of(read(path))
        for target in panel["targets"]
    ]
