"""The text model: a folder of files that nothing is believed of until it has been checked."""

import hashlib
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.errors import ConfigurationError
from services.model.graph_parts import SUMS, split_graph
from services.model.manifest import Manifest, read_manifest
from services.model.onnx_runtime import InferenceSession, SessionOptions
from services.model.text_features import VERSION, Hashes
from services.model.vocabulary import Ids, Vocabulary

WEIGHTS, VOCABULARY = "model.onnx", "vocabulary.npy"
# What the graph makes of the sums of n texts, for k labels and f flags. The sums have the
# departments' columns first, then the sum of squares that makes a text's length; then those of the
# remit and of the flags, and the sum of squares of these. `flag_scores` are what `flags` are the
# calibrated probabilities of; without flags there is neither.
OUTPUTS = {"probabilities": "k", "in_remit": None, "logits": "k", "flags": "f", "flag_scores": "f"}

# How many letters are read at once, where each text counts as the longest of them: a block costs a
# little for itself, and for each of its texts as much as the longest needs.
BLOCK_LETTERS = 1 << 16

Floats = NDArray[np.float32]


class Scores(NamedTuple):
    """What a model says of n texts.

    `probabilities` is of shape (n, labels), `in_remit` of (n,), `flags` of (n, flags).
    """

    probabilities: Floats
    in_remit: Floats
    flags: Floats


class Model:
    """A checked model; `load_model` makes one.

    Args:
        manifest: What it says of itself.
        vocabulary: Its features.
        weights: Of each feature, and of none.
        session: What is made of the sums of weights, ready to run.
    """

    def __init__(
        self,
        manifest: Manifest,
        vocabulary: Vocabulary,
        weights: Floats,
        session: InferenceSession,
    ) -> None:
        self.manifest = manifest
        self.vocabulary = vocabulary
        self._weights = weights
        self._session = session
        self.name, self.version, self.labels = manifest.name, manifest.version, manifest.labels
        self.flags = tuple(manifest.thresholds.flags)

    def score(self, texts: Sequence[str]) -> Scores:
        """Score texts, any strings and any number of them, as `reading.read` gives them."""
        probabilities = np.empty((len(texts), len(self.labels)), np.float32)
        in_remit = np.empty(len(texts), np.float32)
        flags = np.empty((len(texts), len(self.flags)), np.float32)
        outputs = ("probabilities", "in_remit", "flags")[: 3 if self.flags else 2]
        given = (probabilities, in_remit, flags)
        for block in _blocks(texts):
            ids = self.vocabulary.read([texts[place] for place in block.tolist()])
            for array, values in zip(given, self.run(ids, *outputs), strict=False):
                array[block] = values
        return Scores(probabilities, in_remit, flags)

    def sums(self, ids: Ids) -> Floats:
        """Add up the weights of features as `Vocabulary.read` gives them, a row for each text."""
        # A product takes a quarter of the time of `sum`; no number is out of bounds.
        ones = np.ones((1, ids.shape[1]), np.float32)
        sums: Floats = (ones @ self._weights.take(ids, axis=0, mode="clip"))[:, 0]
        return sums

    def run(self, ids: Ids, *outputs: str) -> list[Floats]:
        """Return some of `OUTPUTS` for features as `Vocabulary.read` gives them."""
        results: list[Floats] = self._session.run(outputs, {SUMS: self.sums(ids)})
        return results


def _blocks(texts: Sequence[str]) -> Iterator[NDArray[np.intp]]:
    """Return the texts' places, texts of like length together."""
    lengths = np.fromiter(map(len, texts), np.intp, len(texts))
    order = lengths.argsort(kind="stable")
    lengths = lengths[order]
    start = 0
    while start < len(texts):
        letters = lengths[start:] * np.arange(1, len(texts) - start + 1)
        end = start + max(int(letters.searchsorted(BLOCK_LETTERS, side="right")), 1)
        yield order[start:end]
        start = end


def load_model(folder: Path, *, threads: int) -> Model:
    """Load a model and hold it against its manifest.

    Args:
        folder: With manifest, weights and vocabulary.
        threads: How many the runtime uses for one batch.

    Raises:
        ConfigurationError: A file is missing, torn or not the one the manifest names, or the
            model was made for other features; the sentence says which.
    """
    manifest = read_manifest(folder)
    if manifest.features.version != VERSION:
        raise ConfigurationError(
            f"The model in {folder} needs features of version {manifest.features.version}, this "
            f"release makes version {VERSION}: train the model again."
        )
    files = {name: _checked(folder, manifest, name) for name in (WEIGHTS, VOCABULARY)}
    hashes = _hashes(folder, files[VOCABULARY])
    weights, session = _graph(folder, files[WEIGHTS], threads)
    _check_graph(folder, manifest, session, weights)
    if len(weights) != len(hashes) + 1:
        raise _wrong(folder, f"{WEIGHTS} says other features than {VOCABULARY}")
    return Model(manifest, Vocabulary(hashes, manifest.features), weights, session)


def _checked(folder: Path, manifest: Manifest, name: str) -> bytes:
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        raise _wrong(folder, f"its {name} cannot be read ({error.strerror})") from None
    if hashlib.sha256(content).hexdigest() != manifest.files.get(name):
        raise _wrong(folder, f"the checksum of {name} is not the manifest's")
    return content


def _hashes(folder: Path, content: bytes) -> Hashes:
    try:
        hashes = np.lib.format.read_array(BytesIO(content), allow_pickle=False)
    except Exception as error:  # numpy's errors have no common class
        raise _wrong(folder, f"{VOCABULARY} cannot be read ({type(error).__name__})") from error
    if hashes.dtype != np.uint64 or hashes.ndim != 1 or not len(hashes):
        raise _wrong(folder, f"{VOCABULARY} does not hold hashes")
    checked: Hashes = hashes
    return checked


def _graph(folder: Path, content: bytes, threads: int) -> tuple[Floats, InferenceSession]:
    options = SessionOptions()
    # Left to itself the runtime takes as many threads as the host has cores, whatever share of
    # them the container was given, and they spin while they wait.
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        weights, rest = split_graph(content)
        return weights, InferenceSession(rest, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime's errors have no common class
        raise _wrong(folder, f"{WEIGHTS} cannot be run ({type(error).__name__})") from error


def _check_graph(
    folder: Path, manifest: Manifest, session: InferenceSession, weights: Floats
) -> None:
    labels = len(manifest.labels)
    flags = len(manifest.thresholds.flags)
    columns = {"k": labels, "f": flags}
    given = {node.name: (node.type, node.shape[1:]) for node in session.get_outputs()}
    wanted = {
        name: ("tensor(float)", [columns[shape]] if shape else [])
        for name, shape in OUTPUTS.items()
        if shape != "f" or flags
    }
    if given != wanted:
        raise _wrong(folder, f"{WEIGHTS} gives {sorted(given)} of other names or shapes")
    if weights.shape[1:] != (labels + flags + 3,) or weights[-1].any():
        raise _wrong(folder, f"{WEIGHTS} holds weights of another shape")
    said = session.get_modelmeta().custom_metadata_map
    names = manifest.labels, tuple(manifest.thresholds.flags)
    if said != metadata(*names, manifest.opset, len(weights) - 1):
        raise _wrong(
            folder, f"{WEIGHTS} says other labels, features or another opset than the manifest"
        )


def metadata(
    labels: Sequence[str], flags: Sequence[str], opset: int, features: int
) -> dict[str, str]:
    """Return what a graph says of itself, to be held against manifest and vocabulary."""
    names = {"labels": "\n".join(labels), "flags": "\n".join(flags)}
    return {**names, "opset": str(opset), "features": str(features)}


def _wrong(folder: Path, what: str) -> ConfigurationError:
    return ConfigurationError(
        f"The model in {folder} cannot be used: {what}; fetch the model again, or train it again."
    )
