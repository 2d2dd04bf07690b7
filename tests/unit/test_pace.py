import pytest

from benchmarks.contestants import Name
from benchmarks.cpu_profile import JSON, microseconds, stages
from services.cli import MODEL
from services.model.text_model import Model, load_model
from services.router.app import create_decider
from services.router.settings import RouterSettings

# What a stage takes for a record, as a share of what Python's own json takes to read and write the
# record's value: measured on Python 3.11, x86-64, with texts of 200 characters.
PACE = {
    Name.CLASSIFIER: {
        "unpack": 0.22,
        "decode": 0.32,
        "features and ONNX": 1.15,
        "decide": 0.72,  # of which 0.45 find the newest words of a text
        "encode": 0.45,
        "pack": 0.30,
        "count": 0.12,
    },
    Name.ROUTER: {
        "unpack": 0.14,
        "decode": 0.25,
        "decide": 0.79,
        "encode": 0.18,
        "pack": 0.13,
        "count": 0.06,
    },
}
# On a busy machine, and on other Pythons and processors, the shares differ by two thirds at most;
# what somebody makes slower by accident, an exception or a parse for each record, is more.
TOLERANCE = 2.0
REPEATS = 15


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(MODEL, threads=1)


@pytest.mark.benchmark
@pytest.mark.parametrize("service", [Name.CLASSIFIER, Name.ROUTER])
def test_no_stage_has_become_slower(model: Model, service: Name) -> None:
    """Each stage of a service takes no more, beside json in the same run, than it used to."""
    each = stages(model, create_decider(RouterSettings()), 200)[service]
    taken = microseconds(each, REPEATS)
    shares = {name: taken[name] / taken[JSON] for name in PACE[service]}
    slower = {name: share for name, share in shares.items() if share > limit(service, name)}
    assert slower == {}


def limit(service: Name, name: str) -> float:
    return PACE[service][name] * TOLERANCE
