import itertools
import json
import re
from pathlib import Path

import pytest

from services.classifier.settings import ClassifierSettings
from services.engine.health import STUCK_SECONDS
from tests.contract.dashboards import FILES, panels_of, read
from tests.contract.manifests import OVERLAYS, Manifest, named

# Those of Grafana's units that the panels have, by the names that Grafana knows.
UNITS = {"cpm", "cps", "decbytes", "none", "percentunit", "s", "short"}
COLUMNS = 24

every_dashboard = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


@every_dashboard
def test_every_panel_explains_itself(path: Path) -> None:
    """Each panel has a title of its own, a description, a unit, and the chosen Prometheus."""
    panels = panels_of(read(path))
    titles = [panel["title"] for panel in panels]
    assert len({*titles}) == len(titles)
    for panel in panels:
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel["title"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


@every_dashboard
def test_panels_do_not_overlap(path: Path) -> None:
    """Each panel lies within the grid, in cells that no other has."""
    taken = [cell for panel in read(path)["panels"] for cell in cells(panel)]
    assert len({*taken}) == len(taken)
    assert {column for column, _ in taken} == set(range(COLUMNS))


def cells(panel: Manifest) -> list[tuple[int, int]]:
    position = panel["gridPos"]
    columns = range(position["x"], position["x"] + position["w"])
    return [*itertools.product(columns, range(position["y"], position["y"] + position["h"]))]


@every_dashboard
def test_a_dashboard_can_be_provisioned(path: Path) -> None:
    """A dashboard has a fixed address, its panels and queries have ids, and it was not exported."""
    dashboard = read(path)
    assert dashboard["uid"] == f"inquiry-triage-{path.stem}"
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len({*ids}) == len(ids)
    for panel in panels_of(dashboard):
        ids = [target["refId"] for target in panel["targets"]]
        assert len({*ids}) == len(ids), panel["title"]
    assert not {"id", "version", "__inputs", "__requires", "iteration"} & dashboard.keys()


@every_dashboard
def test_only_variables_that_there_are_are_used(path: Path) -> None:
    """Each variable is Grafana's own or one that the dashboard lets people choose."""
    chosen = {each["name"] for each in read(path)["templating"]["list"]}
    used = {*re.findall(r"\$\{?(\w+)", path.read_text(encoding="utf-8"))}
    assert used - {"__all", "__rate_interval", "__range"} == chosen


@pytest.mark.parametrize(
    ("title", "limit"),
    [
        ("Since the loop advanced", STUCK_SECONDS),
        ("Share rejected", ClassifierSettings.model_fields["circuit_breaker_share"].default),
    ],
)
def test_a_line_is_where_a_service_acts(title: str, limit: float) -> None:
    """The red line of a panel is the limit at which the service itself does something."""
    panels = [panel for path in FILES for panel in panels_of(read(path))]
    (panel,) = [each for each in panels if each["title"] == title]
    assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"][-1]["value"] == limit


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_grafana_is_given_both_dashboards(overlay: str) -> None:
    """One ConfigMap with the label that Grafana's sidecar looks for has every dashboard, whole."""
    maps = named(overlay, "ConfigMap").values()
    (given,) = [each for each in maps if each["metadata"]["labels"].get("grafana_dashboard") == "1"]
    held = {name: json.loads(text) for name, text in given["data"].items()}
    assert held == {f"inquiry-triage-{path.stem}.json": read(path) for path in FILES}
