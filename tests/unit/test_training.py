import hashlib
import io
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs

from services.cli import run
from services.errors import ConfigurationError
from services.model.manifest import FILENAME, Manifest
from services.model.text_model import VOCABULARY, WEIGHTS, Model, load_model
from services.training.commands import promised_of
from services.training.data.dataset import Columns
from services.training.data.training_set import Request, read_training_set
from services.training.export.model_folder import Trained, save
from services.training.fit.feature_counts import count
from services.training.fit.linear import fit_hinge
from services.training.fit.recipe import (
    FEATURES,
    Recipe,
    best_recipe,
    cross_fit,
    fit_departments,
    make_features,
    row_weights,
)
from services.training.train import train
from tests.unit.training_data import (
    BUSY,
    QUIET,
    flagged_rows,
    labelled_rows,
    remit_rows,
    write,
)

COLUMNS = Columns("text", "department")
FILES = (WEIGHTS, VOCABULARY, FILENAME)
EARLIER = "of the one before"
# Half precision has eleven bits.
HALF_PRECISION = 0.005


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the same rows in each form, later ones, and some that are out of remit."""
    folder = tmp_path_factory.mktemp("data")
    for name in ("rows.csv", "rows.csv.gz", "rows.jsonl"):
        write(folder / name, labelled_rows(1))
    write(folder / "valid.csv", labelled_rows(0, BUSY))
    write(folder / "remit.csv", remit_rows(2))
    write(folder / "flagged.jsonl", flagged_rows(6))
    write(folder / "later.csv", [*flagged_rows(7), *flagged_rows(6)[:30]])
    return folder


def asking(data: Path, out: Path) -> Request:
    return Request(data=[data / "rows.csv"], columns=COLUMNS, out=out)


def quietly(step: str) -> None:
    """Tell nobody what is being done."""


def trained_to(folder: Path) -> Manifest:
    """Return what a model says of itself; `load_model` has checked it."""
    return load_model(folder, threads=1).manifest


@pytest.fixture(scope="module")
def plain(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Trained]:
    """A model from one file of rows."""
    out = tmp_path_factory.mktemp("models") / "plain"
    return out, train(asking(data, out), quietly)


@pytest.fixture(scope="module")
def full(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Trained]:
    """A model from rows with dates, later ones to calibrate on, and some that are out of remit."""
    out = tmp_path_factory.mktemp("models") / "full"
    asked = replace(
        asking(data, out),
        columns=Columns("text", "department", "day"),
        valid=data / "valid.csv",
        remit=data / "remit.csv",
    )
    return out, train(asked, quietly)


@pytest.fixture(scope="module")
def flagged(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Trained]:
    """A model from two kinds of rows: plain ones, and those that say what is flagged."""
    out = tmp_path_factory.mktemp("models") / "flagged"
    return out, train(asking_for_flags(data, out), quietly)


def asking_for_flags(data: Path, out: Path) -> Request:
    """Ask for flags; some of the later rows stand among those that are learnt from."""
    return replace(
        asking(data, out),
        data=[data / "rows.csv", data / "flagged.jsonl"],
        columns=Columns("text", "department", flags="flags"),
        weights=(1.0, 2.0),
        valid=data / "later.csv",
        recall=0.9,
        false_alarms=0.1,
    )


@pytest.fixture(scope="module")
def lower(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A model that replaced an earlier one and promises less; and what was printed meanwhile."""
    folder = tmp_path_factory.mktemp("models") / "lower"
    folder.mkdir()
    for name in (*FILES, "README.md"):
        (folder / name).write_text(EARLIER, encoding="utf-8")
    arguments = ["--data", data / "rows.csv.gz", "--precision", "0.8", "--out", folder]
    with pytest.raises(SystemExit) as ended, redirect_stdout(io.StringIO()) as printed:
        run(["train", *map(str, arguments)])
    assert ended.value.code == 0
    return folder, " ".join(printed.getvalue().split())


def files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def weights_of(folder: Path) -> tuple[bytes, bytes]:
    return (folder / WEIGHTS).read_bytes(), (folder / VOCABULARY).read_bytes()


def test_a_model_is_learnt(plain: tuple[Path, Trained]) -> None:
    """On texts that no fit had seen, the first choice is nearly always right."""
    manifest = trained_to(plain[0])
    assert manifest.labels == (QUIET, *BUSY)
    assert manifest.name == "plain"
    value, low, high = manifest.figures["accuracy"]
    assert 0.8 < value < 1
    assert low <= value <= high
    assert manifest.figures["texts"] == len(labelled_rows(1))


def test_a_model_says_what_it_was_made_from(data: Path, full: tuple[Path, Trained]) -> None:
    """The manifest names each file with its checksum and what it was used for."""
    sources = {
        source.file: (source.sha256, source.used_for) for source in trained_to(full[0]).sources
    }
    uses = {
        "rows.csv": "training",
        "valid.csv": "calibration and thresholds",
        "remit.csv": "remit",
    }
    assert sources == {
        name: (hashlib.sha256((data / name).read_bytes()).hexdigest(), use)
        for name, use in uses.items()
    }


def test_no_environment_changes_the_model(
    data: Path, tmp_path: Path, plain: tuple[Path, Trained]
) -> None:
    """The same rows give the same bytes in any process: JSON Lines or CSV, any locale, any seed.

    Nor does the number of threads of the linear algebra make a difference.
    """
    environment = {"LC_ALL": "C", "PYTHONHASHSEED": "7"}
    threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    arguments = ["--data", str(data / "rows.jsonl"), "--out", str(tmp_path / "plain")]
    subprocess.run(
        [sys.executable, "-c", "from services.cli import main; main()", "train", *arguments],
        env={**os.environ, **environment, **threads},
        capture_output=True,
        timeout=120,
        check=True,
    )
    assert weights_of(tmp_path / "plain") == weights_of(plain[0])
    assert trained_to(tmp_path / "plain").thresholds == trained_to(plain[0]).thresholds


def test_a_lower_promise_lets_more_through(
    plain: tuple[Path, Trained], lower: tuple[Path, str]
) -> None:
    """`--precision` changes what is promised, and the weights not at all."""
    lax, strict = trained_to(lower[0]).thresholds, trained_to(plain[0]).thresholds
    assert (lax.precision, strict.precision) == (0.8, 0.95)
    assert lax.overall is not None
    assert strict.overall is not None
    assert lax.overall.probability < strict.overall.probability
    assert lax.overall.rows > strict.overall.rows


def test_compressed_rows_are_the_same_rows(
    plain: tuple[Path, Trained], lower: tuple[Path, str]
) -> None:
    """CSV and CSV.gz of the same rows give the same bytes."""
    assert weights_of(lower[0]) == weights_of(plain[0])


def test_a_department_with_too_few_rows_has_the_promise_over_all(lower: tuple[Path, str]) -> None:
    """Where too few texts say anything of a department, what holds for all together counts."""
    folder, printed = lower
    thresholds = trained_to(folder).thresholds
    assert thresholds.departments[QUIET] == thresholds.overall
    assert f"Written to {folder}." in printed


def test_what_was_read_and_left_out_is_said(data: Path, lower: tuple[Path, str]) -> None:
    """`triage train` says of each file how many rows it read, and how the file is written."""
    assert f"{data / 'rows.csv.gz'}: 282 rows read (CSV, parted by commas, in UTF-8)." in lower[1]


def test_a_model_is_replaced_whole(lower: tuple[Path, str]) -> None:
    """A new model takes the place of an earlier one, whose card stays as it was written."""
    folder, _ = lower
    assert load_model(folder, threads=1).name == "lower"
    assert (folder / "README.md").read_text(encoding="utf-8") == EARLIER
    assert files_below(folder.parent) == [folder / name for name in sorted([*FILES, "README.md"])]


def test_a_promise_holds_for_the_texts_that_it_rests_on(full: tuple[Path, Trained]) -> None:
    """Each department's threshold has the precision that was asked for, on fifty texts or more."""
    thresholds = trained_to(full[0]).thresholds
    assert thresholds.departments[QUIET] is None
    given = [each for each in thresholds.departments.values() if each]
    assert given
    for threshold in given:
        assert threshold.precision >= thresholds.precision
        assert threshold.rows >= 50


def measured(trained: Trained, model: Model, texts: Sequence[str]) -> tuple[np.ndarray, ...]:
    """Return what the parts of a model say of texts, in double precision."""
    counts = count(texts, model.vocabulary)
    logits = trained.parts.calibration.mixing.logits(trained.parts.linear.scores(counts))
    probabilities = trained.parts.calibration.temperature.probabilities(logits)
    flags = [each.probabilities(counts) for each in trained.parts.binaries]
    in_remit = trained.parts.remit.probabilities(logits, counts)
    return probabilities, in_remit, np.array(flags).T.reshape(len(texts), len(flags))


@pytest.mark.parametrize("kind", ["plain", "full", "flagged"])
def test_what_is_served_is_what_was_measured(kind: str, request: pytest.FixtureRequest) -> None:
    """The ONNX graph gives the probabilities that training gives, within half precision."""
    folder, trained = request.getfixturevalue(kind)
    model = load_model(folder, threads=1)
    texts = [row.text for row in [*labelled_rows(3), *remit_rows(4)]]
    texts += ["", "?", "nothing of this is known", "Ŵ 😀 \ud800", "tax " * 3_000]
    probabilities, in_remit, flags = measured(trained, model, texts)
    served = model.score(texts)
    assert np.abs(served.probabilities - probabilities).max() < HALF_PRECISION
    assert np.abs(served.in_remit - in_remit).max() < HALF_PRECISION
    assert np.abs(served.flags - flags).max(initial=0) < HALF_PRECISION


def test_strangers_are_out_of_remit(full: tuple[Path, Trained]) -> None:
    """What no department should get is recognised, in texts that the model has not seen."""
    model = load_model(full[0], threads=1)
    rows = remit_rows(5)
    inside = np.array([bool(row.department) for row in rows])
    in_remit = model.score([row.text for row in rows]).in_remit
    assert in_remit[inside].mean() > in_remit[~inside].mean() + 0.5
    assert model.manifest.figures["remit_auroc"][0] > 0.9


def test_two_departments_are_enough(data: Path, tmp_path: Path) -> None:
    """A model may choose between two departments."""
    write(tmp_path / "two.csv", labelled_rows(4, ("tax", "roads")))
    two = replace(asking(data, tmp_path / "two"), data=[tmp_path / "two.csv"])
    trained = train(two, quietly)
    model = load_model(tmp_path / "two", threads=1)
    rows = labelled_rows(3, ("tax", "roads"))
    texts = [row.text for row in rows]
    served = model.score(texts).probabilities
    right = [
        model.labels[n] == row.department for n, row in zip(served.argmax(1), rows, strict=True)
    ]
    assert model.labels == ("roads", "tax")
    assert np.mean(right) > 0.8
    assert np.abs(served - measured(trained, model, texts)[0]).max() < HALF_PRECISION


@pytest.mark.parametrize("later", ["later.csv", None])
def test_two_departments_are_told_apart(data: Path, tmp_path: Path, later: str | None) -> None:
    """Each of two departments has a score of its own, on later rows or on rows left out in turn."""
    write(tmp_path / "two.csv", labelled_rows(4, ("tax", "roads")))
    write(tmp_path / "later.csv", labelled_rows(5, ("tax", "roads")))
    two = replace(
        asking(data, tmp_path / "two"),
        data=[tmp_path / "two.csv"],
        valid=tmp_path / later if later else None,
    )
    features = make_features(read_training_set(two), FEATURES[0])
    _, held_out = fit_departments(features, Recipe(FEATURES[0], 0.0, (1.0,)), 0)
    assert held_out.scores.shape == (len(held_out.labels), 2)
    assert held_out.scores[:, 0] == pytest.approx(-held_out.scores[:, 1])
    assert held_out.right > 0.8


def test_the_command_says_what_of_the_later_rows_judges(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`triage train` prints how many rows of --valid it left out, and how many are no later."""
    known = labelled_rows(1)
    old = [row._replace(day="2025-01-01") for row in labelled_rows(8, BUSY)[:90]]
    write(tmp_path / "later.csv", [*known[:30], *old])
    arguments = ["--data", data / "rows.csv", "--valid", tmp_path / "later.csv", "--date", "day"]
    with pytest.raises(SystemExit) as ended:
        run(["train", *map(str, arguments), "--words-only", "--out", str(tmp_path / "model")])
    printed = " ".join(capsys.readouterr().out.split())
    assert ended.value.code == 0
    assert "Left out 30 of 120 rows of --valid: they stand in --data, exactly or nearly." in printed
    assert "No later than the last row of --data are 90 of the 90 rows of --valid" in printed


def test_a_folder_that_cannot_be_written_is_named(
    tmp_path: Path, plain: tuple[Path, Trained]
) -> None:
    """Where the model cannot be written, one sentence says so, and nothing is left behind."""
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    for folder in (tmp_path / "file", tmp_path / "file" / "model"):
        with pytest.raises(ConfigurationError, match="cannot be written") as caught:
            save(folder, plain[1])
        assert str(folder) in str(caught.value)
        assert "\n" not in str(caught.value)
    assert files_below(tmp_path) == [tmp_path / "file"]
    assert (tmp_path / "file").read_text(encoding="utf-8") == "not a folder"


def test_recent_rows_count_more(data: Path, tmp_path: Path) -> None:
    """A row that is a half-life older counts half, and one on average."""
    dated = replace(
        asking(data, tmp_path / "m"), columns=Columns("text", "department", "day"), half_life=30.0
    )
    weights = read_training_set(dated).train.weights
    assert weights[-31] == pytest.approx(weights[-1] / 2)
    assert weights.mean() == pytest.approx(1)
    assert (read_training_set(asking(data, tmp_path / "m")).train.weights == 1).all()


def test_doubles_do_not_judge_themselves(data: Path, tmp_path: Path) -> None:
    """Rows that stand twice, once a little changed, make no model look better than it is."""
    rows = labelled_rows(3, BUSY)
    noise = np.random.default_rng(0).permutation([row.department for row in rows])
    told = [row._replace(department=str(each)) for row, each in zip(rows, noise, strict=True)]
    again = [row._replace(text=f"{row.text.upper()} Thanks!") for row in told]
    write(tmp_path / "twice.csv", [*told, *again])
    asked = replace(asking(data, tmp_path / "m"), data=[tmp_path / "twice.csv"])
    features = make_features(read_training_set(asked), FEATURES[0])
    held_out = fit_departments(features, Recipe(FEATURES[0], 0.0, (1.0,)), 0)[1]
    assert held_out.right < 0.5


def test_flags_are_learnt(flagged: tuple[Path, Trained]) -> None:
    """In texts that the model has not seen, nearly all are found that a person must see first."""
    model = load_model(flagged[0], threads=1)
    assert model.flags == ("danger",)
    rows = flagged_rows(8)
    has = np.array([bool(row.flags) for row in rows])
    threshold = model.manifest.thresholds.flags["danger"].probability
    raised = model.score([row.text for row in rows]).flags[:, 0] >= threshold
    assert raised[has].mean() > 0.8
    assert raised[~has].mean() < 0.15


def test_a_flag_promises_what_was_found_in_later_rows(flagged: tuple[Path, Trained]) -> None:
    """A flag's threshold finds the share that was asked for, within the false alarms allowed."""
    promised = trained_to(flagged[0]).thresholds.flags["danger"]
    assert promised.rows == 90
    assert promised.recall >= 0.9
    assert promised.false_alarms <= 0.1
    assert trained_to(flagged[0]).figures["danger_auroc"][0] > 0.9


def test_the_promise_of_each_flag_is_said(flagged: tuple[Path, Trained]) -> None:
    """Its threshold, what that finds, what it costs, and where less is found than was asked for."""
    flags = flagged[1].thresholds.flags
    [said] = promised_of(flags, recall=0.9)
    promised = flags["danger"]
    assert f"The flag danger is raised from {promised.probability:g} on" in said
    assert f"finds {promised.recall:.1%} of 90 rows, with {promised.false_alarms:.1%} false" in said
    [short] = promised_of({"danger": structs.replace(promised, recall=0.5)}, recall=0.9)
    assert "finds 50.0% of 90 rows (less than the 90.0% asked for)" in short


def test_a_flag_without_a_department_is_not_out_of_remit(flagged: tuple[Path, Trained]) -> None:
    """Rows in danger that are for no department teach nothing of what nobody should get."""
    assert flagged[1].parts.remit.learnt is None
    assert "remit_auroc" not in trained_to(flagged[0]).figures


def test_a_model_says_how_much_each_file_counted(flagged: tuple[Path, Trained]) -> None:
    """The manifest has the weight of each file, and how many later rows were left out as known."""
    training = trained_to(flagged[0]).training
    assert training["file_weights"] == [1.0, 2.0]
    assert training["left_out_of_valid"] >= 30


def test_a_weight_counts_for_each_row_of_its_file(data: Path, tmp_path: Path) -> None:
    """Rows of the second file count as much as its weight says; those for the remit count once."""
    asked = replace(asking_for_flags(data, tmp_path / "m"), remit=data / "remit.csv")
    train = read_training_set(asked).train
    weights = row_weights(train, Recipe(FEATURES[0], 0.0, (1.0, 2.0)))
    assert [set(weights[train.kinds == kind]) for kind in range(3)] == [{1.0}, {2.0}, {1.0}]


def test_weights_are_chosen_by_the_later_rows(data: Path, tmp_path: Path) -> None:
    """Where the second kind is like what is to come and the first is not, the second counts more.

    Weights that were given are kept, whatever the rows say.
    """
    rows = labelled_rows(3, BUSY)
    other = dict(zip(BUSY, BUSY[1:] + BUSY[:1], strict=True))
    write(tmp_path / "first.csv", [row._replace(department=other[row.department]) for row in rows])
    write(tmp_path / "second.csv", labelled_rows(4, BUSY))
    asked = replace(
        asking(data, tmp_path / "m"),
        data=[tmp_path / "first.csv", tmp_path / "second.csv"],
        valid=data / "valid.csv",
    )
    training_set = read_training_set(asked)
    chosen, _ = best_recipe(training_set, (), FEATURES, 0, quietly)
    first, second = chosen.kind_weights
    assert first == 1
    assert second > 1
    given, _ = best_recipe(training_set, (2.0, 1.0), FEATURES, 0, quietly)
    assert given.kind_weights == (2.0, 1.0)


def test_no_more_folds_are_tried_than_tell(data: Path, tmp_path: Path) -> None:
    """Where a fold or two have texts enough, they are judged as among all folds, and no others."""
    features = make_features(read_training_set(asking(data, tmp_path / "m")), FEATURES[0])
    recipe = Recipe(FEATURES[0], 0.0, (1.0,))
    every = cross_fit(features, recipe, 0, fit_hinge)
    some = cross_fit(features, recipe, 0, fit_hinge, enough=len(every.labels) // 4)
    assert len(every.labels) / 4 <= len(some.labels) <= len(every.labels) / 2
    assert {*map(bytes, some.scores)} <= {*map(bytes, every.scores)}


def test_without_examples_the_remit_holds_back_a_twentieth(data: Path, tmp_path: Path) -> None:
    """The threshold of the remit is of the same scale as what the model says of texts it serves."""
    asked = replace(asking(data, tmp_path / "model"), valid=data / "valid.csv")
    train(asked, quietly)
    model = load_model(tmp_path / "model", threads=1)
    in_remit = model.score([row.text for row in labelled_rows(0, BUSY)]).in_remit
    assert 0.01 < (in_remit < model.manifest.thresholds.in_remit).mean() < 0.12
