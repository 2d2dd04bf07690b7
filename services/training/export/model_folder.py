"""Writes a trained model to its folder: whole, or not at all."""

import hashlib
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from services.errors import ConfigurationError
from services.model.manifest import (
    FILENAME,
    FORMAT,
    Expected,
    FeatureSettings,
    Manifest,
    Source,
    Thresholds,
)
from services.model.text_model import VOCABULARY, WEIGHTS, load_model
from services.training.export.onnx_graph import OPSET, Parts, build_graph


class Trained(NamedTuple):
    """A model that has been trained: all that its folder will say."""

    name: str
    features: FeatureSettings
    hashes: NDArray[np.uint64]
    parts: Parts
    thresholds: Thresholds
    expected: Expected
    sources: tuple[Source, ...]
    training: dict[str, Any]
    figures: dict[str, Any]


def save(folder: Path, trained: Trained) -> None:
    """Write the files of a model, in the place of those of an earlier one if there is one.

    They are written beside the folder and loaded from there before they are moved into it.

    Raises:
        ConfigurationError: The folder cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary:
            files = {WEIGHTS: build_graph(trained.parts), VOCABULARY: _npy(trained.hashes)}
            manifest = _manifest(trained, files)
            for name, content in {**files, FILENAME: manifest}.items():
                (Path(temporary) / name).write_bytes(content)
            load_model(Path(temporary), threads=1)
            folder.mkdir(exist_ok=True)
            for name in (*files, FILENAME):
                (Path(temporary) / name).replace(folder / name)
    except OSError as error:
        raise ConfigurationError(
            f"{folder} cannot be written ({error.strerror}): name a folder that can, with --out."
        ) from None


def _npy(hashes: NDArray[np.uint64]) -> bytes:
    content = BytesIO()
    np.save(content, hashes, allow_pickle=False)
    return content.getvalue()


def _manifest(trained: Trained, files: dict[str, bytes]) -> bytes:
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    manifest = Manifest(
        format=FORMAT,
        name=trained.name,
        version=_version(sums[WEIGHTS], trained.thresholds),
        labels=tuple(trained.parts.labels),
        features=trained.features,
        files=sums,
        opset=OPSET,
        thresholds=trained.thresholds,
        expected=trained.expected,
        sources=trained.sources,
        training=trained.training,
        figures=trained.figures,
    )
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def _version(weights: str, thresholds: Thresholds) -> str:
    """Return a version that is another where the weights or what they promise are others."""
    promised = msgspec.json.encode(thresholds)
    return hashlib.sha256(weights.encode() + promised).hexdigest()[:12]
