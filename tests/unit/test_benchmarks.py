import json
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.effort import CLASSIFIER, EXPORT, PASS_THROUGH, ROUTER, SHORT
from benchmarks.figures import RATIO, TABLE, figures_of
from benchmarks.inquiries import texts
from benchmarks.machine import describe_machine
from benchmarks.report import Report, show, write
from benchmarks.rounds import Case, Load, Round
from benchmarks.shares import Share
from benchmarks.tally import Tally
from benchmarks.turn import Turn
from benchmarks.work import Work
from services.classifier.classify import answer_records
from services.classifier.model import Model, load
from services.errors import TriageError
from services.messages.record import Output
from services.resources import shipped
from services.router.app import create_decider
from services.router.decide import Decider
from services.router.route import route
from services.router.settings import RouterSettings
from tests.records import ARecord

NOW = datetime(2026, 11, 24, tzinfo=UTC)
NUMBERS = range(5_000_000, 5_000_100)


@pytest.fixture(scope="module")
def model() -> Model:
    return load(shipped("models", "uk-departments"), threads=1)


@pytest.fixture(scope="module")
def decider() -> Decider:
    return create_decider(RouterSettings())


@pytest.fixture(scope="module")
def inquiries(model: Model, decider: Decider) -> Load:
    return Load(60, model, decider)


def given(work: Work) -> list[ARecord]:
    records = map(work.record, NUMBERS)
    return [ARecord(value, tuple(headers), key) for key, value, headers in records]


def written(outputs: list[Output]) -> Iterator[ARecord]:
    for each in outputs:
        yield ARecord(each.value, tuple(each.headers), each.key, each.topic)


def rounds(*seconds: tuple[float, float]) -> list[Round]:
    """Make rounds in which pass-through and classifier take so many CPU-seconds."""
    return [
        {
            Case(name, 60): Turn(100, 1.0, classifier if name == CLASSIFIER else passing, 10**8)
            for name in TABLE
        }
        for passing, classifier in seconds
    ]


def test_inquiries_are_the_same_everywhere_and_as_long_as_said() -> None:
    """Two runs measure the same texts, of the length that the table names, less a word."""
    made = texts(200, 500)
    assert made == texts(200, 500)
    assert len(set(made)) > 450
    assert max(map(len, made)) <= 200
    assert sum(map(len, made)) / len(made) > 190


def test_right_answers_pass(inquiries: Load, model: Model, decider: Decider) -> None:
    """What the services' own functions answer is found complete and right."""
    classified = answer_records(
        given(inquiries.works[CLASSIFIER]), model, topic="c", rejected_topic="r", now=NOW
    )
    routed = route(given(inquiries.works[ROUTER]), decider, rejected_topic="r", now=NOW)
    for name, outputs in ((CLASSIFIER, classified), (ROUTER, routed)):
        tally = Tally(inquiries.works[name], NUMBERS)
        for record in written(outputs):
            tally.note(record)
        tally.check(name)


def test_lost_doubled_and_wrong_answers_end_the_run(inquiries: Load) -> None:
    """A contestant that loses, doubles or alters records gets no figures but a sentence."""
    work = inquiries.works[PASS_THROUGH]
    tally = Tally(work, NUMBERS)
    first, second, *rest, _ = given(work)
    for record in (first, first, second._replace(value=b"{}"), *rest):
        tally.note(record)
    strange = work.record(7)
    tally.note(ARecord(strange[1], tuple(strange[2]), strange[0]))
    with pytest.raises(
        TriageError, match=r"1 were lost, 1 came out twice, 1 with a wrong answer, and 1 came"
    ):
        tally.check(PASS_THROUGH)


def test_another_department_than_the_models_is_wrong(inquiries: Load, model: Model) -> None:
    """A decision that the model would not make is found, however it is written."""
    work = inquiries.works[CLASSIFIER]
    answer = answer_records(given(work), model, topic="c", rejected_topic="r", now=NOW)[0]
    value = json.loads(answer.value or b"")
    said = value["classification"]
    said["department"] = said["alternatives"][0]["department"]
    assert work.approves(NUMBERS[0], ARecord(answer.value))
    assert not work.approves(NUMBERS[0], ARecord(json.dumps(value).encode()))


def test_ratios_are_of_the_same_round() -> None:
    """A machine that is slower in one round than in another changes no ratio."""
    ratio = next(
        figure
        for figure in figures_of(rounds((1.0, 5.0), (2.0, 10.0)))
        if (figure.name, figure.unit) == (CLASSIFIER, RATIO)
    )
    assert ratio.values == pytest.approx([0.2, 0.2])


def test_results_are_for_people_and_programs(tmp_path: Path) -> None:
    """The table, the Markdown and the JSON have the same figures, and name no machine."""
    figures, machine = figures_of(rounds((1.0, 5.0))), describe_machine()
    printed = StringIO()
    console = Console(width=80, file=printed)
    shares = [Share(CLASSIFIER, 60, "decode", 2.5, 0.1)]
    report = Report(SHORT, machine, ["One remark."], figures, shares, latency=[])
    show(console, report)
    write(tmp_path, report)
    table, markdown = (tmp_path / "bench.json").read_text(), (tmp_path / "bench.md").read_text()
    assert json.loads(table)["figures"][-1] == {
        "name": EXPORT,
        "unit": "per CPU-second",
        "characters": 60,
        "goal": None,
        "median": 100.0,
        "rounds": [100.0],
    }
    assert platform.node() not in machine.values()
    for text in (printed.getvalue(), table, markdown):
        assert "onnxruntime" in text
        assert "One remark." in text
        assert "decode" in text
        assert str(Path.cwd()) not in text
    assert "…" not in printed.getvalue()  # nothing was cut
