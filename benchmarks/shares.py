"""Where the CPU time of a service goes, stage by stage, as shares of all that it took."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from benchmarks.effort import CLASSIFIER, LENGTHS, ROUTER
from benchmarks.figures import PER_CPU_SECOND, Figure
from benchmarks.stages import PEER, microseconds, stages
from services.classifier.model import Model
from services.router.decide import Decider

FEATURES, MODEL, ONNX = "features", "features and ONNX", "ONNX"
CLIENT = "fetch, transaction, loop"

# Said under the table.
LEGEND = (
    "A stage is measured alone, in one process; fetch, transaction and loop, which are the client "
    "library's, are what a service took beyond its stages."
)


class Share(NamedTuple):
    """What one stage takes of a record's CPU time, in microseconds, and of all of it."""

    service: str
    length: int
    stage: str
    microseconds: float
    share: float


def shares_of(figures: Sequence[Figure], model: Model, decider: Decider) -> list[Share]:
    """Measure the stages, and set them against what the services took in the same run."""
    whole = {
        (figure.name, figure.length): 1e6 / figure.median
        for figure in figures
        if figure.unit == PER_CPU_SECOND and figure.name in {CLASSIFIER, ROUTER}
    }
    return [
        Share(service, length, stage, taken, taken / whole[service, length])
        for length in LENGTHS
        for service, each in stages(model, decider, length).items()
        for stage, taken in _parts(microseconds(each), whole[service, length])
    ]


def _parts(taken: Mapping[str, float], whole: float) -> Iterator[tuple[str, float]]:
    own = {name: each for name, each in taken.items() if name not in {PEER, FEATURES}}
    yield CLIENT, whole - sum(own.values())
    for name, each in own.items():
        if name == MODEL:
            yield FEATURES, taken[FEATURES]
            yield ONNX, each - taken[FEATURES]
        else:
            yield name, each
