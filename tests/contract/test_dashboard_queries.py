import re
from collections.abc import Collection

import pytest

from services.classifier import metrics as classifier
from services.desk import metrics as desk
from services.engine import metrics as engine
from services.router import metrics as router
from services.settler import metrics as settler
from tests.contract.dashboards import Query, queries
from tests.contract.manifests import OVERLAYS, SERVICES, every_rule, named
from tests.contract.promql import exposed, named_in, recorded_labels, unknown_in

TABLES = (engine.METRICS, classifier.METRICS, router.METRICS, settler.METRICS, desk.METRICS)
METRICS = {each.name for table in TABLES for each in table}

every_query = pytest.mark.parametrize("query", queries(), ids=str)


def known() -> dict[str, Collection[str]]:
    """Return every series that there is to ask for, with its labels."""
    return exposed() | recorded() | {"ALERTS": {"alertname", "alertstate"}}


def recorded() -> dict[str, Collection[str]]:
    """Return the series that rules record, with the labels that stand first in their names.

    Every rule keeps the namespaces apart, though no name says it.
    """
    return {name: ["namespace", *recorded_labels(name)] for name in expressions()}


def expressions() -> dict[str, str]:
    """Return what each rule that records a series makes it of."""
    return {rule["record"]: rule["expr"] for rule in every_rule() if "record" in rule}


def seen_in(expression: str) -> set[str]:
    """Return the series that an expression shows, and those of which rules have made these."""
    names = {*named_in(expression).series}
    made = [text for name, text in expressions().items() if name in names]
    return names.union(*map(seen_in, made))


@every_query
def test_a_query_asks_for_what_there_is(query: Query) -> None:
    """Each series and label that a query or its legend names is one that there is."""
    assert unknown_in(query.expression, known()) == set()
    labels = {label for name in named_in(query.expression).series for label in known()[name]}
    assert {*re.findall(r"{{(\w+)}}", query.legend)} <= labels


@every_query
def test_a_query_keeps_to_the_chosen_namespace(query: Query) -> None:
    """Whoever chooses a namespace sees no other, but for the alerts."""
    asked = named_in(query.expression).series.items()
    assert {name for name, matched in asked if "namespace" not in matched} <= {"ALERTS"}


def test_every_metric_is_on_a_dashboard() -> None:
    """Whatever the services expose of their own, somebody sees, be it by what rules make of it."""
    asked = {name for query in queries() for name in seen_in(query.expression)}
    seen = {re.sub("_(bucket|sum|count)$", "", name) for name in asked}
    assert METRICS - seen == set()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_jobs_are_called_as_the_queries_call_them(overlay: str) -> None:
    """The jobs that queries ask for are those that the monitors name, and all of them."""
    monitors = [named(overlay, "PodMonitor")[service]["spec"] for service in SERVICES]
    rules = [rule for each in monitors for rule in each["podMetricsEndpoints"][0]["relabelings"]]
    jobs = {rule["replacement"] for rule in rules if rule["targetLabel"] == "job"}
    asked = {job for each in queries() for job in re.findall(r'job=~?"(.+?)"', each.expression)}
    found = {name: {job for job in jobs if re.fullmatch(name, job)} for name in asked}
    assert all(found.values())
    assert set().union(*found.values()) == jobs
    assert len(jobs) == len(SERVICES)
