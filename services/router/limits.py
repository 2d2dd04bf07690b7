"""The limits by which a classification is judged: those of the model that made it.

While a new model is rolled out, classifications of two models are on their way. What one of them
promises says nothing of the other, so limits belong to a model's version.
"""

from collections.abc import Iterable, Mapping

from services.messages.decision import Model
from services.model.manifest import Limits, Manifest, promised_limits
from services.router.table import Table

LimitsByModel = Mapping[Model, Limits]


def limits_by_version(table: Table, manifests: Iterable[Manifest]) -> LimitsByModel:
    """Return the limits that count for each model."""
    return {
        Model(manifest.name, manifest.version): limits_of(table, promised_limits(manifest))
        for manifest in manifests
    }


def limits_of(table: Table, promised: Limits) -> Limits:
    """Return the limits that count: the table's own, and where it has none the model's."""
    return Limits(
        thresholds={
            label: promised.thresholds.get(label) if each.threshold is None else each.threshold
            for label, each in table.departments.items()
        },
        in_remit=promised.in_remit if table.min_in_remit is None else table.min_in_remit,
    )
