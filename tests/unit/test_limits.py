from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from msgspec import structs
from structlog.testing import capture_logs

from services.cli import MODEL
from services.clock import utc_now
from services.errors import ConfigurationError
from services.kafka.settings import KafkaSettings
from services.messages.decision import Classification, Model, Route
from services.messages.inquiry import Inquiry
from services.model.manifest import FILENAME, Manifest, Threshold, read_manifest
from services.router.app import create_app, create_decider
from services.router.decide import Decider
from services.router.settings import RouterSettings
from services.router.starter_table import starter_table
from services.settings import read_settings

NOW = datetime(2026, 11, 24, tzinfo=UTC)
DEPARTMENT = "department-for-education"
SHIPPED = read_manifest(MODEL)
BOLDER = "bolder"  # a version that promises as much from a lower probability on


def manifest_in(folder: Path, thresholds: Mapping[str, float], in_remit: float) -> Path:
    """Write the manifest of a version of the model that has other limits."""
    departments = {
        label: Threshold(probability=thresholds[label], precision=0.95, rows=50)
        if label in thresholds
        else None
        for label in SHIPPED.labels
    }
    promised = structs.replace(SHIPPED.thresholds, departments=departments, in_remit=in_remit)
    manifest: Manifest = structs.replace(SHIPPED, version=BOLDER, thresholds=promised)
    folder.mkdir()
    (folder / FILENAME).write_bytes(msgspec.json.encode(manifest))
    return folder


@pytest.fixture
def decider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Decider:
    """What a router decides by that has the shipped model and a second version of it."""
    other = manifest_in(tmp_path / BOLDER, {DEPARTMENT: 0.4}, in_remit=0.1)
    monkeypatch.setenv("ROUTER_MODELS", f"{MODEL},{other}")
    return create_decider(read_settings(RouterSettings))


def decide(
    decider: Decider,
    model: Model,
    *,
    probability: float = 1.0,
    in_remit: float = 1.0,
    text: str = "How do I apply for a school?",
) -> Route:
    classification = Classification(
        model=model,
        department=DEPARTMENT,
        probability=probability,
        alternatives=(),
        in_remit=in_remit,
        classified_at=NOW,
    )
    return decider.decide(Inquiry(id="1", text=text), classification, NOW)


def test_a_model_is_judged_by_its_own_limits(decider: Decider) -> None:
    """The same figures are doubtful of one version and sure of another that the router knows."""
    shipped, bolder = (Model(SHIPPED.name, version) for version in (SHIPPED.version, BOLDER))
    assert decide(decider, shipped, probability=0.4).reason == "low-confidence"
    assert decide(decider, bolder, probability=0.4).reason == "confident"
    assert decide(decider, bolder, probability=0.39).reason == "low-confidence"
    assert decide(decider, shipped, in_remit=0.1).reason == "out-of-remit"
    assert decide(decider, bolder, in_remit=0.1).reason == "confident"
    assert decide(decider, shipped).reason == "confident"


@pytest.mark.parametrize(
    "model", [Model(SHIPPED.name, "of-tomorrow"), Model("others", SHIPPED.version)]
)
def test_a_model_without_limits_is_left_to_a_person(decider: Decider, model: Model) -> None:
    """What no listed model has decided goes to review, however sure it is, and says why."""
    route = decide(decider, model)
    assert (route.topic, route.reason) == ("inquiries.review", "unknown-model")


def test_a_rule_names_itself_whichever_model_decided(decider: Decider) -> None:
    """Words that a rule wants a person to see count before the model that nobody knows."""
    route = decide(decider, Model("others", "1"), text="I want to die")
    assert (route.reason, route.priority) == ("rule", "high")
    assert route.rule


def test_each_model_that_is_listed_has_to_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second model that cannot be read stops the router at the start, and is named."""
    monkeypatch.setenv("ROUTER_MODELS", f"{MODEL},{tmp_path / 'none'}")
    with pytest.raises(ConfigurationError, match=r"none is not a model.*ROUTER_MODELS"):
        create_decider(read_settings(RouterSettings))


def test_a_router_without_a_model_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty list of models is a wrong setting, not a router that sends all to people."""
    monkeypatch.setenv("ROUTER_MODELS", "")
    with pytest.raises(ConfigurationError, match="ROUTER_MODELS"):
        create_decider(read_settings(RouterSettings))


def test_a_rule_for_a_flag_of_no_model_stops_the_router(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A routing table that waits for a flag which the models lack is refused at the start."""
    rule = '[[rules]]\nid = "x"\nreason = "x"\nsend_to = "review"\nflag = "moonstruck"\n'
    shipped = RouterSettings().routes.read_text(encoding="utf-8")
    (tmp_path / "routes.toml").write_text(f"{shipped}\n{rule}", encoding="utf-8")
    monkeypatch.setenv("ROUTER_ROUTES", str(tmp_path / "routes.toml"))
    with pytest.raises(ConfigurationError, match="moonstruck"):
        create_decider(read_settings(RouterSettings))


@pytest.mark.parametrize("obeyed", [(), ("danger",), SHIPPED.thresholds.flags])
def test_the_router_says_at_the_start_which_flags_it_ignores(
    tmp_path: Path, obeyed: Collection[str]
) -> None:
    """A flag that a model raises and no rule obeys is logged, and one that a rule does is not."""
    routes = tmp_path / "routes.toml"
    routes.write_text(starter_table(SHIPPED.labels, obeyed), encoding="utf-8")
    with capture_logs() as lines:
        create_app(RouterSettings(routes=routes), KafkaSettings(), utc_now)
    logged = [line["flags"] for line in lines if line["event"] == "router.flags_without_rule"]
    ignored = sorted(set(SHIPPED.thresholds.flags) - set(obeyed))
    assert logged == ([ignored] if ignored else [])
