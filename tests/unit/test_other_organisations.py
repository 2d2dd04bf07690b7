import json
from pathlib import Path

import pytest

from services.classifier.settings import ClassifierSettings
from services.kafka.settings import KafkaSettings
from services.operate.installation import Installation, installation_of
from services.operate.topics import topics_of
from services.router.settings import RouterSettings
from services.router.table import load_table
from tests.organisations import ORGANISATIONS
from tests.organisations.adopted import Adopted, adopt, triage


@pytest.fixture(scope="module", params=ORGANISATIONS, ids=lambda each: each.name)
def adopted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Adopted:
    """An organisation that has trained a model on its own history."""
    return adopt(request.param, tmp_path_factory.mktemp(request.param.name))


def test_a_history_becomes_a_routed_inquiry(adopted: Adopted) -> None:
    """From the history to the model, its table and a decision: the label's own topic gets it."""
    ours = adopted.organisation
    decision = adopted.trusting().decide(ours.text)
    assert decision["classification"]["model"]["name"] == ours.name
    assert decision["classification"]["department"] == ours.label
    assert (decision["route"]["topic"], decision["route"]["reason"]) == (ours.topic, "confident")


def test_a_small_history_promises_nothing(adopted: Adopted) -> None:
    """Where texts are too few for a promise, the starter table leaves every inquiry to a person."""
    route = adopted.decide(adopted.organisation.text)["route"]
    assert route["topic"] == "inquiries.review"
    assert route["reason"] in {"low-confidence", "out-of-remit"}


def test_topics_and_names_are_those_of_the_table(adopted: Adopted) -> None:
    """What is made on Kafka follows from the adopter's table: no department of another's is in it.

    The names are the labels as they stand in the history.
    """
    table = load_table(adopted.routes)
    ours = adopted.organisation
    assert len(table.departments) == ours.labels
    assert {label: each.name for label, each in table.departments.items()} == {
        label: label for label in table.departments
    }
    made = triage(["manifests"], environment=adopted.environment)
    assert ours.topic in made
    assert set(table.topics) <= set(topics_of(_installation(adopted)))
    assert not any(each in made for each in load_table(RouterSettings().routes).departments)


def test_a_model_is_measured_on_its_own_history(adopted: Adopted, tmp_path: Path) -> None:
    """`triage evaluate` takes the same columns, and says that the model has learnt these texts."""
    ours, out = adopted.organisation, tmp_path / "evaluation.json"
    files = ["--data", str(ours.history), "--json", str(out)]
    triage(["evaluate", "--model", str(adopted.model), *files, *ours.options])
    found = json.loads(out.read_bytes())
    assert len(found["departments"]) == ours.labels
    assert found["fitted_to"] == [f"{ours.file} (training)"]


def _installation(adopted: Adopted) -> Installation:
    return installation_of(
        KafkaSettings(),
        ClassifierSettings(model=adopted.model),
        RouterSettings(models=(adopted.model,), routes=adopted.routes),
    )
