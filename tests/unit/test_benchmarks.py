import json
import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.contestants import SHORT, Name
from benchmarks.cpu_profile import StageTime
from benchmarks.figures import RATIO, TABLE, figures_of
from benchmarks.inquiries import texts
from benchmarks.report import UNFINISHED, Report, describe_machine, publish, write
from benchmarks.runs import Case, Round, Run
from benchmarks.workloads import Inquiries, Results, Workload
from services.classifier.classify import classify_records
from services.engine.job import Result
from services.errors import TriageError
from services.messages.record import Output
from services.model.text_model import Model, load_model
from services.resources import shipped
from services.router.app import create_decider
from services.router.decide import Decider
from services.router.route import route_records
from services.router.settings import RouterSettings
from tests.records import ARecord

NOW = datetime(2026, 11, 24, tzinfo=UTC)
NUMBERS = range(5_000_000, 5_000_100)


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(shipped("models", "uk-departments"), threads=1)


@pytest.fixture(scope="module")
def decider() -> Decider:
    return create_decider(RouterSettings())


@pytest.fixture(scope="module")
def inquiries(model: Model, decider: Decider) -> Inquiries:
    return Inquiries(60, model, decider)


def given(workload: Workload) -> list[ARecord]:
    return [as_read(workload.record("t", number)) for number in NUMBERS]


def as_read(output: Output) -> ARecord:
    return ARecord(output.value, tuple(output.headers), output.key, output.topic)


def written(results: Sequence[Result]) -> Iterator[ARecord]:
    return (as_read(each) for each in results if isinstance(each, Output))


def rounds(*seconds: tuple[float, float]) -> list[Round]:
    """Make rounds in which pass-through and classifier take so many CPU-seconds."""
    return [
        {
            Case(name, 60): Run(100, 1.0, took if name is Name.CLASSIFIER else passing, 10**8)
            for name in TABLE
        }
        for passing, took in seconds
    ]


def test_inquiries_are_the_same_everywhere_and_as_long_as_said() -> None:
    """Two runs measure the same texts, of the length that the table names, less a word."""
    made = texts(200, 500)
    assert made == texts(200, 500)
    assert len(set(made)) > 450
    assert max(map(len, made)) <= 200
    assert sum(map(len, made)) / len(made) > 190


def test_right_answers_pass(inquiries: Inquiries, model: Model, decider: Decider) -> None:
    """What the services' own functions answer is found complete and right."""
    received, to_route = (inquiries.given_to(name) for name in (Name.CLASSIFIER, Name.ROUTER))
    results: dict[Name, Sequence[Result]] = {
        Name.CLASSIFIER: classify_records(given(received), model, topic="c", now=NOW),
        Name.ROUTER: route_records(given(to_route), decider, NOW),
    }
    for name, answered in results.items():
        answers = Results(inquiries.given_to(name), NUMBERS)
        for record in written(answered):
            answers.note(record)
        answers.check(name)


def test_lost_doubled_and_wrong_answers_end_the_run(inquiries: Inquiries) -> None:
    """A contestant that loses, doubles or alters records gets no figures but a sentence."""
    workload = inquiries.given_to(Name.PASSTHROUGH)
    answers = Results(workload, NUMBERS)
    first, second, *rest, _ = given(workload)
    for record in (first, first, second._replace(value=b"{}"), *rest):
        answers.note(record)
    answers.note(as_read(workload.record("t", 7)))
    with pytest.raises(
        TriageError, match=r"1 were lost, 1 came out twice, 1 with a wrong answer, and 1 came"
    ):
        answers.check(Name.PASSTHROUGH)


def test_another_department_than_the_models_is_wrong(inquiries: Inquiries, model: Model) -> None:
    """A decision that the model would not make is found, however it is written."""
    workload = inquiries.given_to(Name.CLASSIFIER)
    answer = next(written(classify_records(given(workload), model, topic="c", now=NOW)))
    value = json.loads(answer.value or b"")
    said = value["classification"]
    said["department"] = said["alternatives"][0]["department"]
    index = NUMBERS[0] % len(workload.values)
    assert workload.is_right(index, "c", answer.value or b"")
    assert not workload.is_right(index, "c", json.dumps(value).encode())


def test_ratios_are_of_the_same_round() -> None:
    """A machine that is slower in one round than in another changes no ratio."""
    ratio = next(
        figure
        for figure in figures_of(rounds((1.0, 5.0), (2.0, 10.0)))
        if (figure.name, figure.unit) == (Name.CLASSIFIER, RATIO.name)
    )
    assert ratio.rounds == pytest.approx([0.2, 0.2])


def test_results_are_for_people_and_programs(tmp_path: Path) -> None:
    """The table, the Markdown and the JSON have the same figures, and name no machine."""
    machine, printed = describe_machine(), StringIO()
    profile = [StageTime("decode", Name.CLASSIFIER, 60, 2.5, 0.1, budget=2.4)]
    figures = figures_of(rounds((1.0, 5.0)))
    report = Report(SHORT, machine, "One remark.", figures, profile, finished=True)
    console = Console(width=80, file=printed)
    publish(console, "bench", report.parts(), asdict(report), tmp_path)
    data, markdown = (tmp_path / "bench.json").read_text(), (tmp_path / "bench.md").read_text()
    assert json.loads(data)["figures"][-1] == {
        "name": Name.EXPORT,
        "unit": "per CPU-second",
        "characters": 60,
        "goal": None,
        "median": 100.0,
        "rounds": [100.0],
    }
    assert platform.node() not in machine.values()
    for text in (printed.getvalue(), data, markdown):
        assert "onnxruntime" in text
        assert "One remark." in text
        assert "decode" in text
        assert str(Path.cwd()) not in text
    assert "…" not in printed.getvalue()  # nothing was cut


def test_a_run_that_ended_early_says_so(tmp_path: Path) -> None:
    """What was measured until then stands there, under a sentence that it is not all."""
    report = Report(SHORT, describe_machine(), "One remark.", figures_of(rounds((1.0, 5.0))))
    write("bench", report.parts(), asdict(report), tmp_path)
    written = (tmp_path / "bench.md").read_text()
    assert written.startswith(UNFINISHED)
    assert "against pass-through" in written
    assert UNFINISHED not in "".join(map(str, replace(report, finished=True).parts()))


def test_a_goal_stands_beside_whether_it_was_met(tmp_path: Path) -> None:
    """Who reads the table need not compare figures; of memory less is better."""
    figures = figures_of(rounds((1.0, 2.0)))
    report = Report(SHORT, describe_machine(), "One remark.", figures)
    write("bench", report.parts(), asdict(report), tmp_path)
    rows = [line.split("|") for line in (tmp_path / "bench.md").read_text().splitlines()]
    cells = [[cell.strip() for cell in row[1:4]] for row in rows]
    assert ["against pass-through", "60", "✓ ≥ 0.42"] in cells
    assert ["peak memory, MB", "60", "✓ ≤ 150"] in cells
    assert ["per second", "60", "✗ ≥ 30,000"] in cells


def test_a_stage_that_takes_too_long_is_seen() -> None:
    """Beside what a stage took stands what it may take, and whether it kept to that."""
    stage = StageTime("decode", Name.CLASSIFIER, 60, 2.5, 0.1, budget=2.4)
    assert stage.cells() == ("decode", Name.CLASSIFIER, "60", "2.5", "10%", "2.4", "over")
    assert replace(stage, budget=2.6).cells()[-1] == "within"
