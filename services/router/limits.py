"""The limits by which a classification is judged: those of the model that made it.

While a new model is rolled out, classifications of two models are on their way. What one of them
promises says nothing of the other, so limits belong to a model's version.
"""

from collections.abc import Iterable, Mapping

from services.errors import ConfigurationError
from services.messages.decision import Model
from services.model.manifest import Limits, Manifest, promised_limits
from services.router.table import Table

LimitsByModel = Mapping[Model, Limits]


def limits_by_version(table: Table, manifests: Iterable[Manifest]) -> LimitsByModel:
    """Return the limits that count for each model.

    Raises:
        ConfigurationError: Two manifests of one model and version promise different things.
    """
    limits: dict[Model, Limits] = {}
    for manifest in manifests:
        model = Model(manifest.name, manifest.version)
        promised = limits_of(table, promised_limits(manifest))
        if limits.setdefault(model, promised) != promised:
            raise ConfigurationError(
                f"ROUTER_MODELS has {manifest.name} {manifest.version} twice with different "
                "thresholds: name each version once."
            )
    return limits


def limits_of(table: Table, promised: Limits) -> Limits:
    """Return the limits that count: the table's own, and where it has none the model's."""
    own = {
        rule.flag: rule.flag_threshold
        for rule in table.rules
        if rule.flag in promised.flags and rule.flag_threshold is not None
    }
    return Limits(
        thresholds={
            label: promised.thresholds.get(label) if each.threshold is None else each.threshold
            for label, each in table.departments.items()
        },
        in_remit=promised.in_remit if table.min_in_remit is None else table.min_in_remit,
        flags=promised.flags | own,
    )
