import re
import time
from pathlib import Path

import pytest

import services.router
from services.model.manifest import Manifest, read_manifest
from services.model.text_model import Model, load_model
from services.resources import shipped
from services.router.table import check_labels, load_table
from services.training.fit.thresholds import MIN_ROWS

MODELS = shipped("models")
FOLDER = MODELS / "uk-departments"
ROUTES = Path(services.router.__file__).parent / "routes" / "uk-departments.toml"
MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(FOLDER, threads=1)


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return read_manifest(FOLDER)


def test_the_model_is_small() -> None:
    """All files of the shipped model together have at most 10 MB."""
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 10 * MEGABYTE


def test_the_model_loads_at_once() -> None:
    """Loading the model, with all that is checked, takes less than half a second of work."""
    started = time.process_time()
    load_model(FOLDER, threads=1)
    assert time.process_time() - started < 0.5


def test_there_is_a_route_for_each_department(model: Model) -> None:
    """The departments that the model knows are those of the routing table, and it is shipped."""
    table = load_table(ROUTES)
    assert set(model.labels) == set(table.departments)
    check_labels(table, model.labels)


def test_the_model_is_called_as_its_folder_is(model: Model) -> None:
    """A decision names the model that made it by the folder it is found in."""
    assert model.name == FOLDER.name
    assert re.fullmatch("[0-9a-f]{12}", model.version)


def test_nothing_is_promised_without_rows_to_show_for_it(manifest: Manifest) -> None:
    """Each threshold keeps its precision on fifty texts or more; without those there is none."""
    thresholds = manifest.thresholds
    given = [each for each in (thresholds.overall, *thresholds.departments.values()) if each]
    assert given
    for threshold in given:
        assert threshold.rows >= MIN_ROWS
        assert threshold.precision >= thresholds.precision


def test_each_flag_says_what_it_finds(manifest: Manifest) -> None:
    """The model raises flags for danger and discrimination, and knows how many of them it finds."""
    assert {"danger", "discrimination"} <= manifest.thresholds.flags.keys()
    for threshold in manifest.thresholds.flags.values():
        assert threshold.rows >= MIN_ROWS
        assert threshold.false_alarms < threshold.recall


def test_what_is_expected_adds_up(manifest: Manifest) -> None:
    """The departments' expected shares are those of all inquiries."""
    assert sum(manifest.expected.share.values()) == pytest.approx(1, abs=0.005)


@pytest.mark.parametrize(
    ("asked", "department"),
    [
        ("When will the A303 be widened, and why are trains so late?", "department-for-transport"),
        ("MY STATE PENSION HAS NOT BEEN PAID FOR THREE WEEKS", "department-for-work-pensions"),
        ("How long will I wait for an operation at the hospital? 😀", "department-of-health"),
        ("I am waiting for a decision on my wife\u2019s visa.", "home-office"),
        ("Why does our primary school have no teacher for maths?", "department-for-education"),
    ],
)
def test_plain_questions_find_their_department(model: Model, asked: str, department: str) -> None:
    """What anybody could answer, the model answers as well."""
    [probabilities] = model.score([asked]).probabilities
    assert model.labels[probabilities.argmax()].startswith(department)


def test_the_card_has_every_figure(manifest: Manifest) -> None:
    """The model card states each figure that was measured at training, to three digits."""
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    figures = {name: figure for name, figure in manifest.figures.items() if name != "texts"}
    assert figures
    stated = {name: f"{value:.3f}" for name, (value, _, _) in figures.items()}
    assert {name: value for name, value in stated.items() if value not in card} == {}
