"""What a PromQL expression names, found by patterns and no parser, and what there is to name."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from services.classifier import metrics as classifier
from services.desk import metrics as desk
from services.engine import metrics as engine
from services.engine.metric import Metric
from services.router import metrics as router
from services.settler import metrics as settler

NAME = r"[a-zA-Z_:][\w:]*"
STRING = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`")
COMMENT = re.compile(r"#[^\n]*")
RANGE = re.compile(r"\[[^\]]*\]")
GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
# A variable of Grafana's begins with $, a duration such as 5m with a digit: neither is a name.
# What a parenthesis follows is a function.
SERIES = re.compile(rf"(?<![\w:$])({NAME})\s*(?:\{{([^}}]*)\}})?(?!\s*\(|[\w:])")
MATCHER = re.compile(rf"({NAME})\s*(?:=~|!~|!=|=)")
WORDS = frozenset("and or unless bool offset atan2 inf nan group_left group_right".split())

# What Prometheus says of every target, the last two in Kubernetes alone; and what else it has of
# each: whether it answers, and what the client library measures of the process.
OF_TARGETS = frozenset({"job", "instance", "namespace", "pod"})
OTHERS = (
    "up",
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_virtual_memory_bytes",
)


class Named(NamedTuple):
    """What an expression names.

    `series` has, for each name of a series, the labels that are matched; `labels` are those that it
    groups or joins by.
    """

    series: dict[str, set[str]]
    labels: set[str]


def named_in(expression: str) -> Named:
    """Read which series and labels an expression names."""
    plain = RANGE.sub("", COMMENT.sub("", STRING.sub('""', expression)))
    series: dict[str, set[str]] = defaultdict(set)
    for name, matchers in SERIES.findall(GROUPING.sub(" ", plain)):
        if name.lower() not in WORDS:
            series[name] |= set(MATCHER.findall(matchers))
    grouped = " ".join(GROUPING.findall(plain))
    return Named(dict(series), set(re.findall(NAME, grouped)))


def exposed() -> dict[str, Collection[str]]:
    """Return every series that Prometheus has of the services, with its labels."""
    known: dict[str, Collection[str]] = dict.fromkeys(OTHERS, OF_TARGETS)
    for service in (engine, classifier, router, settler, desk):
        for metric in service.METRICS:
            known |= {name: OF_TARGETS.union(labels) for name, labels in _series_of(metric)}
    return known


def recorded_labels(name: str) -> list[str]:
    """Return the labels of a series that a rule records: those that its name begins with."""
    return name.partition(":")[0].split("_")


def unknown_in(expression: str, known: Mapping[str, Collection[str]]) -> set[str]:
    """Return what an expression names in vain.

    Args:
        expression: In PromQL.
        known: The series that there are, each with its labels.

    Returns:
        The series that there are not; the labels that are matched where a series does not have
        them, as `series{label}`; the labels to group or join by that no series here has.
    """
    named = named_in(expression)
    there = {name: set(known[name]) for name in named.series if name in known}
    return {
        *(named.series.keys() - there),
        *(f"{name}{{{label}}}" for name in there for label in named.series[name] - there[name]),
        *(named.labels - set().union(*there.values())),
    }


def _series_of(metric: Metric) -> Iterator[tuple[str, Collection[str]]]:
    if metric.kind != "histogram":
        yield metric.name, metric.labels
        return
    yield f"{metric.name}_bucket", (*metric.labels, "le")
    for each in ("sum", "count"):
        yield f"{metric.name}_{each}", metric.labels
