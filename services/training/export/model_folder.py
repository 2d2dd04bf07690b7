"""Writes a trained model to its folder: whole, or not at all."""

import hashlib
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import msgspec
import numpy as np
from msgspec import structs
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

    Raises:
        ConfigurationError: The folder cannot be written.
    """
    files = {WEIGHTS: build_graph(trained.parts), VOCABULARY: _npy(trained.hashes)}
    _write(folder, files, _manifest(trained, files))


def save_promising(
    folder: Path, model: Path, thresholds: Thresholds, sources: tuple[Source, ...]
) -> Manifest:
    """Write a model once more with other thresholds, and so as another version.

    Args:
        folder: Where to.
        model: The folder of the model whose weights these are; it stays as it is.
        thresholds: What the new version promises.
        sources: The files they were picked on.

    Raises:
        ConfigurationError: The model cannot be read or the folder not written, or they are one.
    """
    if folder.resolve() == model.resolve():
        raise ConfigurationError(
            f"{folder} has the model itself, which goes on running until the new version does: "
            "name another folder with --out."
        )
    manifest = load_model(model, threads=1).manifest
    files = {name: (model / name).read_bytes() for name in (WEIGHTS, VOCABULARY)}
    manifest = structs.replace(
        manifest,
        version=_version(manifest.files[WEIGHTS], thresholds),
        thresholds=thresholds,
        sources=(*manifest.sources, *sources),
        training={**manifest.training, "thresholds_picked_anew_for": manifest.version},
    )
    _write(folder, files, manifest)
    return manifest


def _write(folder: Path, files: dict[str, bytes], manifest: Manifest) -> None:
    """Write all files beside the folder, and load them there, before they are moved into it."""
    written = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary:
            for name, content in {**files, FILENAME: written}.items():
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


def _manifest(trained: Trained, files: dict[str, bytes]) -> Manifest:
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return Manifest(
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


def _version(weights: str, thresholds: Thresholds) -> str:
    """Return a version that is another where the weights or what they promise are others."""
    promised = msgspec.json.encode(thresholds)
    return hashlib.sha256(weights.encode() + promised).hexdigest()[:12]
