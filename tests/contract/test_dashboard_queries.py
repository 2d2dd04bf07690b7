import re
from collections.abc import Collection

import pytest

from services.classifier import metrics as classifier
from services.desk import metrics as desk
from services.engine import metrics as engine
from services.router import metrics as router
from tests.contract.dashboards import Query, queries
from tests.contract.manifests import OVERLAYS, SERVICES, every_rule, named
from tests.contract.promql import exposed, named_in, recorded_labels, unknown_in

METRICS = {each.name for service in (engine, classifier, router, desk) for each in service.METRICS}

every_query = pytest.mark.parametrize("query", queries(), ids=str)


def known() -> dict[str, Collection[str]]:
    """Return every series that there is to ask for, with its labels."""
    return exposed() | recorded() | {"ALERTS": {"alertname", "alertstate"}}


def recorded() -> dict[str, Collection[str]]:
    """Return the series that rules record, with the labels that stand first in their names."""
    names = [rule["record"] for rule in every_rule() if "record" in rule]
    return {name: recorded_labels(name) for name in names}


@every_query
def test_a_query_asks_for_what_there_is(query: Query) -> None:
    """Each series and label that a query or its legend names is one that there is."""
    assert unknown_in(query.expression, known()) == set()
    labels = {label for name in named_in(query.expression).series for label in known()[name]}
    assert {*re.findall(r"{{(\w+)}}", query.legend)} <= labels


@every_query
def test_a_query_keeps_to_the_chosen_namespace(query: Query) -> None:
    """Whoever chooses a namespace sees no other, but for what alerts and recorded rules say."""
    asked = named_in(query.expression).series.items()
    everywhere = {"ALERTS", *recorded()}
    assert {name for name, matched in asked if "namespace" not in matched} <= everywhere


def test_every_metric_is_on_a_dashboard() -> None:
    """Whatever the services expose of their own, somebody sees."""
    asked = {name for query in queries() for name in named_in(query.expression).series}
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
