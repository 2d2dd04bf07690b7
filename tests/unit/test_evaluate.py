import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import msgspec
import numpy as np
import pytest

from services.cli import MODEL, run
from services.errors import ConfigurationError
from services.model.manifest import Limits
from services.model.scorer import Scores
from services.model.text_model import load_model
from services.training.data.dataset import Dataset
from services.training.data.faults import Place
from services.training.data.unseen import unseen_of
from services.training.evaluate.evaluation import Evaluation
from services.training.evaluate.measure import Files, evaluate
from services.training.evaluate.report import EXPLAINED, cautions, render
from services.training.evaluate.typing_errors import mistype

LABELS = ("parks <north>", "roads", "tax")
LIMITS = Limits(
    {"parks <north>": 0.5, "roads": 0.5, "tax": None}, in_remit=0.5, flags={"danger": 0.5}
)


class ByWord:
    """A model that goes by a word: sure of a department whose name it reads, else of nothing."""

    name, version, labels, flags = "by-word", "1", LABELS, ("danger",)

    def score(self, texts: Sequence[str]) -> Scores:
        rows = []
        for text in texts:
            weights = [1.0 + 9 * (label.split()[0] in text) for label in LABELS]
            rows.append([each / sum(weights) for each in weights])
        in_remit = [0.1 if "pizza" in text else 0.9 for text in texts]
        flags = [[0.9 if "knife" in text else 0.1] for text in texts]
        return SimpleNamespace(
            probabilities=np.array(rows), in_remit=np.array(in_remit), flags=np.array(flags)
        )


def some_data() -> Dataset:
    rows = [
        ("the roads are bad", {"roads"}, date(2026, 1, 5)),
        ("the roads in the parks", {"parks <north>"}, date(2026, 1, 6)),
        ("no parks here " + "x" * 100, {"parks <north>", "tax"}, date(2026, 2, 1)),
        ("my tax my roads", {"tax"}, date(2026, 2, 2)),
        ("tax", {"tax"}, date(2026, 2, 3)),
        ("pizza on all roads", set(), date(2026, 2, 4)),
        ("roads to pizza", set(), date(2026, 2, 5)),
    ] * 4
    texts, labels, dates = zip(*rows, strict=True)
    return Dataset(texts, [frozenset(each) for each in labels], dates)


def flagged_data() -> Dataset:
    rows = [
        ("a knife on the roads", "danger", "direct"),
        ("no knife", "danger", "direct"),
        ("I am afraid on the roads", "danger", "indirect"),
        ("he brought a knife", "danger", "indirect"),
        ("a knife drawer for the roads", "", ""),
        ("the roads are bad", "", ""),
        ("so are these roads", "", ""),
        ("and those roads", "", ""),
    ] * 5
    texts, flags, wording = zip(*rows, strict=True)
    return Dataset(
        texts=texts,
        labels=[frozenset({"roads"})] * len(rows),
        dates=None,
        flags=[frozenset({each} - {""}) for each in flags],
        groups={"wording": wording},
    )


@pytest.fixture(scope="module")
def flagged() -> Evaluation:
    return evaluate(ByWord(), LIMITS, flagged_data(), Files(("flagged.csv",)), 50)


@pytest.fixture(scope="module")
def found() -> Evaluation:
    return evaluate(ByWord(), LIMITS, some_data(), Files(("later.csv",), ("later.csv",)), 50)


def test_figures_are_of_the_texts_in_remit(found: Evaluation) -> None:
    """Accuracy is over texts that a department should get; any of several labels is right."""
    assert (found.texts, found.out_of_remit) == (28, 8)
    # Right: the roads, the parks (of two), tax alone; a tie goes to the first of the labels.
    assert found.figures["accuracy"].value == pytest.approx(0.8)
    assert found.figures["remit_auroc"].value == 1.0
    assert found.figures["held_back_out_of_remit"].value == 1.0


def test_every_figure_has_its_interval(found: Evaluation) -> None:
    """Beside each figure stands an interval that holds it, and the page explains each."""
    assert set(found.figures) == set(EXPLAINED) - {"false_alarms"}
    for figure in found.figures.values():
        assert figure.low <= figure.value <= figure.high


def test_departments_say_what_their_threshold_lets_through(found: Evaluation) -> None:
    """A department without a threshold lets nothing through, whatever the model is sure of."""
    by_label = {each.label: each for each in found.departments}
    assert by_label["tax"].threshold is None
    assert by_label["tax"].routed == 0
    assert by_label["roads"].routed == 4
    assert by_label["roads"].routed_right == 4


def test_flags_are_measured_by_group(flagged: Evaluation) -> None:
    """Of the texts with a flag those that were found are counted, in all and by each group."""
    found = {(each.flag, each.column, each.group): each for each in flagged.flagged}
    counts = {key: (each.found, each.texts) for key, each in found.items()}
    assert counts == {
        ("danger", "", ""): (15, 20),
        ("danger", "wording", "direct"): (10, 10),
        ("danger", "wording", "indirect"): (5, 10),
    }
    assert flagged.figures["danger_recall"].value == pytest.approx(0.75)
    assert flagged.figures["danger_false_alarms"].value == pytest.approx(0.25)
    assert flagged.figures["false_alarms"].value == pytest.approx(0.25)


def test_what_is_flagged_is_not_routed(flagged: Evaluation) -> None:
    """A text whose flag is raised goes to a person, whatever its department's threshold says."""
    [roads] = [each for each in flagged.departments if each.label == "roads"]
    assert roads.routed == 20


def test_texts_without_flags_measure_none(found: Evaluation) -> None:
    """Where the data say nothing of flags, there is no figure and no table of them."""
    assert found.flagged == []
    assert not [name for name in found.figures if "alarms" in name or "danger" in name]
    assert "What a person must see first" not in render(found)


def test_the_page_shows_what_was_flagged(flagged: Evaluation) -> None:
    """The page has a row for each flag and group: how many there are, and how many were found."""
    page = render(flagged)
    table = page[page.index("What a person must see first") :]
    rows = re.findall(r"<tr><th>danger</th>(.*?)</tr>", table, flags=re.DOTALL)
    cells = [re.findall(r"<td>(.*?)</td>", row) for row in rows]
    assert cells == [
        ["all", "20", "15", "75.0%"],
        ["wording: direct", "10", "10", "100.0%"],
        ["wording: indirect", "10", "5", "50.0%"],
    ]
    assert EXPLAINED["false_alarms"][0] in page


def test_confusion_counts_every_text_in_remit_once(found: Evaluation) -> None:
    """Each text in remit is counted where it should have gone and where it went."""
    assert sum(map(sum, found.confusion)) == found.texts - found.out_of_remit


def test_slices_are_by_length_month_and_writing(found: Evaluation) -> None:
    """Months and lengths divide the texts; capitals and typing errors are tried on all of them."""
    for kind in ("month", "length"):
        assert sum(each.texts for each in found.slices if each.kind == kind) == 20
    writing = {each.name: each for each in found.slices if each.kind == "writing"}
    assert writing["in capitals"].accuracy.value < writing["as they are"].accuracy.value
    assert {each.texts for each in writing.values()} == {20}


def test_the_page_needs_nothing_else(found: Evaluation) -> None:
    """The page loads nothing from anywhere, its plots are well formed, and labels stay text."""
    page = render(found)
    # What begins with # is on the page itself.
    assert not re.search(r"(src|href)\s*=(?!\"#)|url\((?!#)|@import|<script", page)
    for plot in re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL):
        ET.fromstring(plot)  # noqa: S314 - our own
    assert "parks &lt;north&gt;" in page
    assert "parks <north>" not in page


def test_the_page_warns_where_the_model_knows_the_texts(found: Evaluation) -> None:
    """Who measures on texts that the model was made from is told so."""
    assert "made from later.csv" in render(found)
    fresh = msgspec.structs.replace(found, fitted_to=())
    assert "made from" not in render(fresh)


def test_the_same_texts_give_the_same_evaluation(found: Evaluation) -> None:
    """Intervals and typing errors are drawn from a fixed seed."""
    again = evaluate(ByWord(), LIMITS, some_data(), Files(("later.csv",), ("later.csv",)), 50)
    assert msgspec.json.encode(again) == msgspec.json.encode(found)


def test_labels_that_the_model_does_not_know_are_named() -> None:
    """Texts of other departments are refused in one sentence."""
    data = Dataset(["a"], [frozenset({"moon"})], None)
    with pytest.raises(ConfigurationError, match=r"none of the labels.*--label"):
        evaluate(ByWord(), LIMITS, data, Files(("x",)), 5)


def test_texts_of_unknown_departments_are_counted_and_named() -> None:
    """Where the model knows some of the labels only, what that costs is said, rare ones by line."""
    names = ["roads", *["moon"] * 10, "sun"]
    data = Dataset(
        [f"the {name}" for name in names],
        [frozenset({name}) for name in names],
        None,
        places=[Place(Path("later.csv"), line) for line in range(2, 14)],
    )
    found = evaluate(ByWord(), LIMITS, data, Files(("x",)), 5)
    assert (found.unknown, found.unknown_labels) == (11, "moon, the one in line 13 of later.csv")
    [sentence] = cautions(found)
    assert sentence == (
        "The model does not know the labels of 11 texts, which count as wrong: moon, the one in "
        "line 13 of later.csv."
    )
    assert sentence in render(found)


def test_long_labels_are_not_quoted() -> None:
    """What is no name of a department, as a citizen's words are not, is counted alone."""
    data = Dataset(["the roads", "x"], [frozenset({"roads"}), frozenset({"Blodwen " * 20})], None)
    assert "Blodwen" not in render(evaluate(ByWord(), LIMITS, data, Files(("x",)), 5))


def test_what_was_learnt_is_not_measured_on() -> None:
    """Texts that stand among those that taught, exactly or nearly, are left out with all theirs."""
    data = replace(flagged_data(), texts=[f"number {n} asks of roads" for n in range(40)])
    learnt = Dataset(["NUMBER 3 asks of roads!", *data.texts[20:]], [frozenset()] * 21, None)
    unseen = unseen_of(data, learnt)
    assert [*unseen.texts] == [text for n, text in enumerate(data.texts) if n < 20 and n != 3]
    assert {len(unseen.labels), len(unseen.flags or ()), len(unseen.groups["wording"])} == {19}
    with pytest.raises(ConfigurationError, match=r"All 40 texts stand in .*--trained-on"):
        unseen_of(data, data)


def test_the_command_leaves_out_what_was_learnt(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`triage evaluate --trained-on` says how many texts tell nothing, and measures on others."""
    rows = [f"potholes on road {n} are deep,department-for-transport" for n in range(9)]
    for name, some in {"all.csv": rows, "learnt.csv": rows[:4]}.items():
        (tmp_path / name).write_text("\n".join(["text,department", *some]))
    files = ["--data", str(tmp_path / "all.csv"), "--trained-on", str(tmp_path / "learnt.csv")]
    with pytest.raises(SystemExit):
        run(["evaluate", *files])
    printed = " ".join(capsys.readouterr().out.split())
    assert "on 5 texts" in printed
    assert "Left out are 4 of 9 texts, which the model has learnt, exactly or nearly." in printed


def test_typing_errors_are_small_and_repeatable() -> None:
    """A mistyped text has the same words but for a letter in some, and always the same ones."""
    text = "please tell me when pensions increase because nobody answers " * 5
    mistyped = mistype(text, 0)
    assert mistyped == mistype(text, 0)
    changed = [(a, b) for a, b in zip(text.split(), mistyped.split(), strict=True) if a != b]
    assert 3 < len(changed) < 20
    assert all(abs(len(a) - len(b)) <= 1 for a, b in changed)


def test_the_command_writes_json_and_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`triage evaluate` prints the figures, and writes them as JSON and as a page."""
    data = tmp_path / "rows.csv"
    rows = [
        "state pension not paid,department-for-work-pensions",
        "potholes,department-for-transport",
    ]
    data.write_text("\n".join(["text,department", *rows * 3]))
    paths = ["--json", str(tmp_path / "e.json"), "--html", str(tmp_path / "e.html")]
    with pytest.raises(SystemExit) as ended:
        run(["evaluate", "--data", str(data), *paths])
    assert not ended.value.code
    assert "accuracy" in capsys.readouterr().out
    assert json.loads((tmp_path / "e.json").read_text())["texts"] == 6
    assert "department-for-transport" in (tmp_path / "e.html").read_text()


def test_the_command_says_what_was_found_of_each_flag(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`triage evaluate --flags --by` prints each flag's figures, and what each group's are."""
    [flag, *_] = load_model(MODEL, threads=1).flags
    rows = [
        f"I want to die,department-for-transport,{flag},direct",
        "potholes,department-for-transport,,",
    ]
    data = tmp_path / "rows.csv"
    data.write_text("\n".join(["text,department,flags,wording", *rows * 5]))
    with pytest.raises(SystemExit) as ended:
        run(["evaluate", "--data", str(data), "--flags", "flags", "--by", "wording"])
    assert not ended.value.code
    printed = capsys.readouterr().out
    assert f"{flag} recall" in printed
    assert re.search(rf"{flag}, wording direct +\d of 5 found", printed)
    assert re.search(r"wording, none +accuracy \S+ \(\S+ to \S+\) on 5\n", printed)


def test_a_column_to_part_by_that_is_missing_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--by` with a name that no column has is refused, and parts nothing in silence."""
    data = tmp_path / "rows.csv"
    data.write_text("text,department\n" + "potholes,department-for-transport\n" * 5)
    with pytest.raises(SystemExit) as ended:
        run(["evaluate", "--data", str(data), "--by", "chanel"])
    assert ended.value.code == 2
    assert f"{data} has no column chanel, or nothing in it" in capsys.readouterr().err


class AtTheThreshold:
    """A model that says of each text what the thresholds are, in single precision as models do."""

    name, version, labels, flags = "at-the-threshold", "1", ("roads", "tax"), ("danger",)

    def score(self, texts: Sequence[str]) -> Scores:
        return SimpleNamespace(
            probabilities=np.array([[0.9, 0.1]] * len(texts), np.float32),
            in_remit=np.array([0.6] * len(texts), np.float32),
            flags=np.array([[0.3 if "knife" in text else 0.0] for text in texts], np.float32),
        )


def test_what_reaches_a_threshold_passes_it() -> None:
    """A probability is held against a threshold with a decision's digits, as the router does."""
    limits = Limits({"roads": 0.9, "tax": 0.9}, in_remit=0.6, flags={"danger": 0.3})
    texts = ["a knife", *["the roads"] * 9]
    flags = [frozenset({"danger"}), *[frozenset[str]()] * 9]
    data = Dataset(texts, [frozenset({"roads"})] * 10, None, flags)
    found = evaluate(AtTheThreshold(), limits, data, Files(()), 10)
    assert found.figures["routed"].value == pytest.approx(0.9)
    assert found.figures["danger_recall"].value == 1
