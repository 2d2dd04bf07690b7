"""What the machine adds to an inquiry: the model's classification and the router's route."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

Probability = Annotated[float, Meta(ge=0, le=1, description="Calibrated probability.")]
Reason = Literal[
    "confident",
    "low-confidence",
    "ambiguous",
    "out-of-remit",
    "rule",
    "automatic",
    "unknown-model",
    "returned",
]
Priority = Literal["normal", "high"]
Band = Literal["near-threshold", "middle", "sure"]

REASONS: dict[Reason, str] = {
    "confident": "The model was sure; the inquiry went to its department.",
    "low-confidence": "The department is less probable than its threshold asks for.",
    "ambiguous": "The next department is nearly as probable.",
    "out-of-remit": "Probably none of the departments should get it.",
    "rule": "A rule of the routing table wants a person to see it; `route.rule` names it.",
    "automatic": "A machine sent it, such as an out-of-office reply or a bounce.",
    "unknown-model": "The router does not have the limits of the model that classified it.",
    "returned": "A department has returned it; `returned` says why, and how often that was done.",
}


BANDS: dict[Band, str] = {
    "near-threshold": "In the first quarter of the way from the department's threshold to 1.",
    "middle": "In the half after that.",
    "sure": "In the last quarter.",
}


class Model(Struct, frozen=True, gc=False):
    """The model that decided, by name and version."""

    name: str
    version: str


class Alternative(Struct, frozen=True, gc=False):
    """A department that was not chosen."""

    department: str
    probability: Probability


class Classification(Struct, frozen=True, kw_only=True, gc=False):
    """The department a model thinks is right, and how sure it is."""

    model: Model
    department: str
    probability: Probability
    alternatives: Annotated[
        tuple[Alternative, ...], Meta(description="The next three, most probable first.")
    ]
    in_remit: Annotated[
        Probability, Meta(description="How likely any of the departments should get it.")
    ]
    classified_at: Annotated[datetime, Meta(tz=True)]
    flags: Annotated[
        dict[str, Probability],
        Meta(description="What a person must see first, such as danger: how likely each is."),
    ] = {}


class Route(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Where the inquiry goes, and why."""

    topic: str
    reason: Reason
    priority: Priority
    table: Annotated[str, Meta(description="Version of the routing table that decided.")]
    routed_at: Annotated[datetime, Meta(tz=True)]
    rule: Annotated[str | None, Meta(description="The id of the rule that fired.")] = None


class Sample(Struct, frozen=True, kw_only=True):
    """How an inquiry that went to its department by itself was drawn for an audit.

    Its stratum is the department and the band. What is estimated from such copies weighs each by
    the inverse of its chance.
    """

    chance: Annotated[float, Meta(gt=0, le=1, description="The chance that it had to be drawn.")]
    band: Annotated[Band, Meta(description="The band of probability that it is in.")]


class Decided(Struct, frozen=True, gc=False):
    """What is counted of a route: the department that the model chose, the reason, the flags."""

    department: str
    reason: Reason
    raised: frozenset[str] = frozenset()


class Drawn(Struct, frozen=True, gc=False):
    """What is counted of a copy for an audit: the department that has the inquiry."""

    department: str
