"""Prometheus' rules and `Tally.precision` are one formula, written twice."""

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from services.model.kept_promise import Precision, Tally
from services.settler.metrics import SUMS
from tests.contract import manifests
from tests.tools import need

JOB = "inquiry-triage-settler"
CHANCES = (0.008, 0.02, 0.05, 1.0)
RULES = {
    "value": "triage_audit_precision:share",
    "low": "triage_audit_precision:low95",
    "high": "triage_audit_precision:high95",
    "judged": "triage_audit_judged:sum",
    "effective": "triage_audit_judged:effective",
}


def judged(right: int, wrong: int, *chances: float) -> Tally:
    """Return the tally of so many copies, whose chances come in turn."""
    tally = Tally()
    for number in range(right + wrong):
        chance = chances[number % len(chances)]
        # Not the first ones, lest all of one chance are.
        tally = tally.with_copy(chance=chance, right=number * 7 % (right + wrong) < right)
    return tally


def by_chance(seed: int) -> Tally:
    """Return the tally of copies of any number and chance, of which any share is right."""
    random, tally = Random(seed), Tally()
    share = random.random()
    for _ in range(random.randint(1, 400)):
        tally = tally.with_copy(chance=random.uniform(0.001, 1), right=random.random() < share)
    return tally


TALLIES: Mapping[str, Tally] = {
    "nothing-judged": Tally(),
    "one-right": judged(1, 0, 0.02),
    "one-wrong": judged(0, 1, 0.02),
    "few": judged(2, 1, 0.02),
    "none-wrong": judged(200, 0, *CHANCES),
    "all-wrong": judged(0, 60, *CHANCES),
    "hardly-any-wrong": judged(400, 1, 0.02),
    "alike": judged(190, 10, 0.02),
    "uneven": judged(190, 10, *CHANCES),
    "all-judged": judged(50, 3, 1.0),
    **{f"by-chance-{seed}": by_chance(seed) for seed in range(12)},
}


def series(instance: str, department: str, tally: Tally) -> Iterator[Mapping[str, str]]:
    """Yield what a settler exposes of a department, as promtool takes it."""
    labels = f'job="{JOB}", instance="{instance}", namespace="n", department="{department}"'
    for field, metric in SUMS.items():
        yield {"series": f"{metric.name}{{{labels}}}", "values": f"{getattr(tally, field)!r}x2"}


def as_python_says(department: str, found: Precision | None) -> Iterator[Mapping[str, Any]]:
    """Yield questions that ask whether the rules found the same; of nothing they find nothing."""
    matched = f'{{namespace="n", job="{JOB}", department="{department}"}}'
    for field, rule in RULES.items():
        if found is None:
            if field != "judged":
                yield {"expr": f"job_department:{rule}{matched}", "eval_time": "1m"}
            continue
        same = f"abs(job_department:{rule}{matched} - {getattr(found, field)!r}) < bool 1e-7"
        yield {
            "expr": f"count({same} == 1)",
            "eval_time": "1m",
            "exp_samples": [{"labels": "{}", "value": 1}],
        }


def promtool_agrees(folder: Path, given: Iterator[Any], asked: Iterator[Any]) -> None:
    need("promtool")
    (folder / "rules.yaml").write_text(yaml.safe_dump(manifests.rules()), encoding="utf-8")
    test = {"interval": "1m", "input_series": [*given], "promql_expr_test": [*asked]}
    cases = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [test]}
    (folder / "cases.yaml").write_text(yaml.safe_dump(cases), encoding="utf-8")
    command = ["promtool", "test", "rules", str(folder / "cases.yaml")]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("name", TALLIES)
def test_the_rules_find_what_the_formula_finds(name: str, tmp_path: Path) -> None:
    """Precision, interval and what copies are worth are those of `Tally`, whatever was judged."""
    tally = TALLIES[name]
    promtool_agrees(tmp_path, series("a", "tax", tally), as_python_says("tax", tally.precision))


def test_sums_of_processes_and_departments_add_up(tmp_path: Path) -> None:
    """A department of which two processes know, and all together, are as if one had counted."""
    uneven, alike, few = (TALLIES[name] for name in ("uneven", "alike", "few"))

    def given() -> Iterator[Mapping[str, str]]:
        yield from series("a", "tax", uneven)
        yield from series("b", "tax", alike)
        yield from series("b", "roads", few)
        yield from series("a", "roads", Tally())

    def asked() -> Iterator[Mapping[str, Any]]:
        yield from as_python_says("tax", uneven.plus(alike).precision)
        yield from as_python_says("roads", few.precision)
        yield from as_python_says("", uneven.plus(alike).plus(few).precision)

    promtool_agrees(tmp_path, given(), asked())
