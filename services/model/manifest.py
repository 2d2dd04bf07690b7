"""A model's manifest: what it is, what it was trained on, and what it promises.

The classifier holds the model's files against it, the router takes its thresholds from it.
"""

from datetime import date
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta, Struct

from services.errors import ConfigurationError
from services.messages.decision import Probability

FILENAME = "manifest.json"
FORMAT = 2

Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Rows = Annotated[int, Meta(ge=0)]


class FeatureSettings(Struct, frozen=True, kw_only=True):
    """Which features a model reads, beside every single word."""

    version: Annotated[int, Meta(description="Of the code that makes the features.")]
    pairs: Annotated[bool, Meta(description="Two words next to each other.")] = True
    pair_letters: Annotated[
        int, Meta(ge=0, description="First letters of each word of a pair, so many; 0 for all.")
    ] = 0
    prefix: Annotated[int, Meta(ge=0, description="First letters of longer words, so many.")] = 5
    grams: Annotated[
        tuple[Annotated[int, Meta(ge=1)], ...], Meta(description="Letter n-grams inside words.")
    ] = ()


class Threshold(Struct, frozen=True, kw_only=True):
    """From which probability on the first choice is right often enough, and how we know.

    `rows` calibration texts reached it, and `precision` of them were right.
    """

    probability: Probability
    precision: Probability
    rows: Rows


class FlagThreshold(Struct, frozen=True, kw_only=True):
    """From which probability on a flag is raised, and how we know.

    Of the `rows` calibration texts that have the flag, `recall` reached it, and `false_alarms` of
    the others.
    """

    probability: Probability
    recall: Probability
    false_alarms: Probability
    rows: Rows


class Thresholds(Struct, frozen=True, kw_only=True):
    """What the model promises; None where too few texts say anything."""

    precision: Annotated[Probability, Meta(description="What each threshold was picked for.")]
    overall: Threshold | None
    departments: dict[str, Threshold | None]
    in_remit: Annotated[Probability, Meta(description="Below it no department should get it.")]
    flags: Annotated[
        dict[str, FlagThreshold], Meta(description="For what a person must see first.")
    ] = msgspec.field(default_factory=dict)


class Source(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file that the model was made from, or those of its rows that are of before a date."""

    file: str
    sha256: Sha256
    used_for: str
    until: date | None = None


class Expected(Struct, frozen=True, kw_only=True):
    """What the calibration texts looked like to the model, to see drift against."""

    share: Annotated[dict[str, Probability], Meta(description="Of each department.")]
    mean_probability: Annotated[Probability, Meta(description="Of the first choice.")]


class Manifest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything about a model but its weights."""

    format: int
    name: Annotated[str, Meta(min_length=1)]
    version: Annotated[
        str, Meta(min_length=1, description="From the checksum of weights and thresholds.")
    ]
    labels: Annotated[tuple[str, ...], Meta(min_length=2)]
    features: FeatureSettings
    files: Annotated[dict[str, Sha256], Meta(description="Each file's checksum.")]
    opset: int
    thresholds: Thresholds
    expected: Expected
    sources: tuple[Source, ...]
    training: Annotated[dict[str, Any], Meta(description="Seed and settings.")]
    figures: Annotated[dict[str, Any], Meta(description="Measured at training.")]


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of the model in a folder.

    Raises:
        ConfigurationError: There is none, or it is not one that this version reads.
    """
    path = folder / FILENAME
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except OSError as error:
        raise ConfigurationError(
            f"{folder} is not a model: its {FILENAME} cannot be read ({error.strerror}); name "
            "one that `triage train` has made, with --model or CLASSIFIER_MODEL and ROUTER_MODELS."
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"The manifest {path} is wrong: {error}.") from None
    if manifest.format != FORMAT:
        raise ConfigurationError(
            f"The manifest {path} has format {manifest.format}, this version reads {FORMAT}: "
            "train the model again."
        )
    _check_departments(path, manifest)
    return manifest


class Limits(NamedTuple):
    """How probable a department, and how probable the remit, has to be for no person to look.

    A department whose threshold is None always goes to a person. `flags` says how probable a flag
    has to be to be raised.
    """

    thresholds: dict[str, float | None]
    in_remit: float
    flags: dict[str, float] = {}  # noqa: RUF012 - nobody changes it


def promised_limits(manifest: Manifest) -> Limits:
    """Return what the model promises."""
    promised = manifest.thresholds
    each = {label: t.probability if t else None for label, t in promised.departments.items()}
    flags = {name: each.probability for name, each in promised.flags.items()}
    return Limits(each, promised.in_remit, flags)


def _check_departments(path: Path, manifest: Manifest) -> None:
    for what, names in (
        ("thresholds", manifest.thresholds.departments),
        ("expected shares", manifest.expected.share),
    ):
        if different := sorted(set(names) ^ set(manifest.labels)):
            raise ConfigurationError(
                f"The manifest {path} is wrong: labels and {what} differ in {', '.join(different)}."
            )
