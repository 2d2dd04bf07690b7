"""The text model: a folder of files that nothing is believed of until it has been checked."""

import hashlib
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.errors import ConfigurationError
from services.model.manifest import Manifest, read_manifest
from services.model.onnx_runtime import InferenceSession, SessionOptions
from services.model.text_features import VERSION, Hashes
from services.model.vocabulary import Ids, Vocabulary

WEIGHTS, VOCABULARY = "model.onnx", "vocabulary.npy"
INPUT = "features"
# What the graph gives for n texts, k labels and f flags; `sums` has the department columns first,
# then the sum of squares that makes a text's length; then those of the remit and of the flags, and
# the sum of squares of these. `flag_scores` are what `flags` are the calibrated probabilities of;
# without flags there is neither.
OUTPUTS = {
    "probabilities": "k",
    "in_remit": None,
    "logits": "k",
    "sums": "k + f + 3",
    "flags": "f",
    "flag_scores": "f",
}

# Texts whose features are made at once, and those of them that the graph takes at once: the former
# costs a little for each block, the latter as much for each text as the longest of them needs.
BLOCK_TEXTS, BLOCK_LETTERS = 256, 1 << 16
GRAPH_TEXTS = 64

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
        session: Its weights, ready to run.
    """

    def __init__(
        self, manifest: Manifest, vocabulary: Vocabulary, session: InferenceSession
    ) -> None:
        self.manifest = manifest
        self.vocabulary = vocabulary
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
            for start in range(0, len(block), GRAPH_TEXTS):
                part = block[start : start + GRAPH_TEXTS]
                rows = self._trim(ids[start : start + GRAPH_TEXTS])
                for array, values in zip(given, self.run(rows, *outputs), strict=False):
                    array[part] = values
        return Scores(probabilities, in_remit, flags)

    def _trim(self, ids: Ids) -> Ids:
        """Leave out the columns in which no row has a feature."""
        width = int((ids != self.vocabulary.size).sum(axis=1).max())
        return np.ascontiguousarray(ids[:, : max(width, 1)])

    def run(self, ids: Ids, *outputs: str) -> list[Floats]:
        """Run the graph on features as `Vocabulary.read` gives them, for some of `OUTPUTS`."""
        results: list[Floats] = self._session.run(outputs, {INPUT: ids})
        return results


def _blocks(texts: Sequence[str]) -> Iterator[NDArray[np.intp]]:
    """Return the texts' places, texts of like length together: a block costs what its longest does.

    Those of plain ASCII come first, for they are read faster where nothing else is among them.
    """
    lengths = np.fromiter(map(len, texts), np.intp, len(texts))
    plain = np.fromiter(map(str.isascii, texts), np.bool_, len(texts))
    order = np.lexsort((lengths, ~plain))
    letters = np.cumsum(lengths[order])
    start = 0
    while start < len(texts):
        most = letters[start] - lengths[order[start]] + BLOCK_LETTERS
        end = max(int(np.searchsorted(letters, most, side="right")), start + 1)
        end = min(end, start + BLOCK_TEXTS)
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
    session = _session(folder, files[WEIGHTS], threads)
    _check_graph(folder, manifest, session, len(hashes))
    return Model(manifest, Vocabulary(hashes, manifest.features), session)


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


def _session(folder: Path, content: bytes, threads: int) -> InferenceSession:
    options = SessionOptions()
    # Left to itself the runtime takes as many threads as the host has cores, whatever share of
    # them the container was given, and they spin while they wait.
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime's errors have no common class
        raise _wrong(folder, f"{WEIGHTS} cannot be run ({type(error).__name__})") from error


def _check_graph(
    folder: Path, manifest: Manifest, session: InferenceSession, features: int
) -> None:
    labels = len(manifest.labels)
    flags = len(manifest.thresholds.flags)
    columns = {"k": labels, "k + f + 3": labels + flags + 3, "f": flags}
    given = {node.name: (node.type, node.shape[1:]) for node in session.get_outputs()}
    wanted = {
        name: ("tensor(float)", [columns[shape]] if shape else [])
        for name, shape in OUTPUTS.items()
        if shape != "f" or flags
    }
    if given != wanted:
        raise _wrong(folder, f"{WEIGHTS} gives {sorted(given)} of other names or shapes")
    taken = [(node.name, node.type, len(node.shape)) for node in session.get_inputs()]
    if taken != [(INPUT, "tensor(int32)", 2)]:
        raise _wrong(folder, f"{WEIGHTS} takes another input than {INPUT}")
    said = session.get_modelmeta().custom_metadata_map
    names = manifest.labels, tuple(manifest.thresholds.flags)
    if said != metadata(*names, manifest.opset, features):
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
