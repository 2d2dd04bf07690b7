import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract import manifests
from tests.contract.promql import OF_TARGETS, exposed, recorded_labels, unknown_in
from tests.tools import need

HERE = Path(__file__).parent
RUNBOOK = (HERE.parents[1] / "docs" / "runbook.md").read_text(encoding="utf-8")
RULES = manifests.every_rule()
ALERTS = [rule for rule in RULES if "alert" in rule]
NAMES = sorted({alert["alert"] for alert in ALERTS})
# There 0+0x5 is a series of zeros: promtool reads 0x5 as a hexadecimal number.
CASES = sorted((HERE / "alerts").glob("*.yaml"))
SEVERITIES = {"critical", "warning"}

Case = dict[str, Any]


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of the rules, for Prometheus to read; the cases are put beside it."""
    path = tmp_path_factory.mktemp("alerts") / "rules.yaml"
    path.write_text(yaml.safe_dump(manifests.rules()), encoding="utf-8")
    return path


def promtool(*arguments: str | Path) -> None:
    """Run promtool, which has to agree; skips where there is none, which in CI is a failure."""
    need("promtool")
    run = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def questions(cases: Case) -> Iterator[Case]:
    for test in cases["tests"]:
        yield from test["alert_rule_test"]


def unchanging(alert: str, labels: dict[str, str]) -> dict[str, str]:
    """The annotations of an alert that no figure or label is put into."""
    (rule,) = [
        each
        for each in ALERTS
        if (each["alert"], each["labels"]["severity"]) == (alert, labels["severity"])
    ]
    return {name: text for name, text in rule["annotations"].items() if "{{" not in text}


def test_prometheus_reads_the_rules(rules: Path) -> None:
    """Prometheus finds no error in the rules, and no rule twice."""
    promtool("check", "rules", "--lint=all", "--lint-fatal", rules)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_an_alert_fires_when_it_should(path: Path, rules: Path) -> None:
    """In each case exactly the alerts fire that it expects, with these labels and sentences."""
    cases = yaml.safe_load(path.read_text(encoding="utf-8"))
    for question in questions(cases):
        for expected in question.get("exp_alerts", ()):
            # Written once, in the rule: promtool wants every annotation.
            same = unchanging(question["alertname"], expected["exp_labels"])
            expected["exp_annotations"] = {**same, **expected.get("exp_annotations", {})}
    filled = rules.with_name(path.name)
    filled.write_text(yaml.safe_dump(cases), encoding="utf-8")
    promtool("test", "rules", filled)


def test_every_alert_is_seen_to_fire_and_to_be_quiet() -> None:
    """Each alert fires in one case, at each severity that it has, and in another does not."""
    fired, quiet = set(), set()
    for path in CASES:
        for question in questions(yaml.safe_load(path.read_text(encoding="utf-8"))):
            name, alerts = question["alertname"], question.get("exp_alerts", ())
            fired |= {(name, each["exp_labels"]["severity"]) for each in alerts}
            quiet |= set() if alerts else {name}
    assert fired == {(each["alert"], each["labels"]["severity"]) for each in ALERTS}
    assert sorted(quiet) == NAMES


def test_the_rules_look_at_what_there_is() -> None:
    """Every series and label that a rule names is one that is exposed, or that a rule before made.

    What a rule makes has the labels that its name begins with.
    """
    known = exposed()
    for rule in RULES:
        assert unknown_in(rule["expr"], known) == set()
        if made := rule.get("record"):
            known[made] = OF_TARGETS.union(recorded_labels(made))


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_says_how_urgent_it_is_and_what_happened(alert: Case) -> None:
    """Each alert has a severity of the two there are, and a summary."""
    assert alert["labels"]["severity"] in SEVERITIES
    assert alert["annotations"]["summary"].endswith(".")


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_leads_to_its_section_of_the_runbook(alert: Case) -> None:
    """The runbook's address of each alert is that of the section that bears its name."""
    assert alert["annotations"]["runbook_url"] == f"docs/runbook.md#{alert['alert'].lower()}"


def test_the_runbook_has_a_section_for_each_alert() -> None:
    """The runbook's sections of alerts are the alerts, each once."""
    sections = re.findall(r"^#+ (Triage\w+)$", RUNBOOK, flags=re.MULTILINE)
    assert sorted(sections) == NAMES
