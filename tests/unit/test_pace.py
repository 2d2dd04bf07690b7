import pytest

from benchmarks.budgets import budget
from benchmarks.contestants import Name
from benchmarks.cpu_profile import JSON, microseconds, own_parts, stages
from services.cli import MODEL
from services.model.text_model import Model, load_model
from services.router.app import create_decider
from services.router.settings import RouterSettings

# On a busy machine, and on other Pythons and processors, the shares differ by two thirds at most;
# what somebody makes slower by accident, an exception or a parse for each record, is more. A budget
# is a quarter more than was measured, so that is twice as much.
TOLERANCE = 1.6
LENGTH = 200
REPEATS = 15


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(MODEL, threads=1)


@pytest.mark.benchmark
@pytest.mark.parametrize("service", [Name.CLASSIFIER, Name.ROUTER])
def test_no_stage_has_become_slower(model: Model, service: Name) -> None:
    """Each stage of a service keeps to its budget beside json in the same run, or nearly so."""
    each = stages(model, create_decider(RouterSettings()), LENGTH)[service]
    taken = microseconds(each, REPEATS)
    shares = {name: took / taken[JSON] for name, took in own_parts(taken).items()}
    limits = {name: TOLERANCE * budget(service, name, LENGTH) for name in shares}
    assert {name: share for name, share in shares.items() if share > limits[name]} == {}
