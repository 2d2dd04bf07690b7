import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.errors import ConfigurationError
from services.model.manifest import FILENAME
from services.model.text_model import VOCABULARY, WEIGHTS, load_model
from services.resources import shipped

SHIPPED = shipped("models", "uk-departments")


def read(folder: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((folder / FILENAME).read_text(encoding="utf-8"))
    return manifest


def write(folder: Path, **changed: Any) -> None:
    (folder / FILENAME).write_text(json.dumps({**read(folder), **changed}), encoding="utf-8")


def sign(folder: Path) -> None:
    """Write the checksums that the files have into the manifest."""
    names = read(folder)["files"]
    sums = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    write(folder, files=sums)


def remove_manifest(folder: Path) -> None:
    (folder / FILENAME).unlink()


def remove_weights(folder: Path) -> None:
    (folder / WEIGHTS).unlink()


def remove_vocabulary(folder: Path) -> None:
    (folder / VOCABULARY).unlink()


def tear(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def tear_weights(folder: Path) -> None:
    tear(folder / WEIGHTS)


def tear_weights_and_sign(folder: Path) -> None:
    tear(folder / WEIGHTS)
    sign(folder)


def tear_vocabulary_and_sign(folder: Path) -> None:
    tear(folder / VOCABULARY)
    sign(folder)


def tear_manifest(folder: Path) -> None:
    tear(folder / FILENAME)


def change_one_bit(folder: Path) -> None:
    content = bytearray((folder / VOCABULARY).read_bytes())
    content[-1] ^= 1
    (folder / VOCABULARY).write_bytes(content)


def change_a_checksum(folder: Path) -> None:
    write(folder, files={**read(folder)["files"], WEIGHTS: "0" * 64})


def forget_a_checksum(folder: Path) -> None:
    write(folder, files={WEIGHTS: read(folder)["files"][WEIGHTS]})


def exchange_labels(folder: Path) -> None:
    first, second, *others = read(folder)["labels"]
    write(folder, labels=[second, first, *others])


def ask_for_other_features(folder: Path) -> None:
    write(folder, features={**read(folder)["features"], "version": 999})


def name_another_opset(folder: Path) -> None:
    write(folder, opset=read(folder)["opset"] + 1)


def name_another_format(folder: Path) -> None:
    write(folder, format=1)


def add_an_unknown_field(folder: Path) -> None:
    write(folder, colour="green")


def promise_for_another_department(folder: Path) -> None:
    thresholds = read(folder)["thresholds"]
    departments = {**thresholds["departments"], "ministry-of-silly-walks": None}
    write(folder, thresholds={**thresholds, "departments": departments})


def promise_nothing_for_one(folder: Path) -> None:
    thresholds = read(folder)["thresholds"]
    thresholds["departments"].popitem()
    write(folder, thresholds=thresholds)


def promise_more_than_certainty(folder: Path) -> None:
    write(folder, thresholds={**read(folder)["thresholds"], "in_remit": 1.5})


def promise_another_flag(folder: Path) -> None:
    thresholds = read(folder)["thresholds"]
    one = {"probability": 0.5, "recall": 0.9, "false_alarms": 0.1, "rows": 10}
    write(folder, thresholds={**thresholds, "flags": {**thresholds["flags"], "silly": one}})


def exchange_flags(folder: Path) -> None:
    thresholds = read(folder)["thresholds"]
    write(folder, thresholds={**thresholds, "flags": dict([*thresholds["flags"].items()][::-1])})


def expect_another_department(folder: Path) -> None:
    expected = read(folder)["expected"]
    share = {**expected["share"], "ministry-of-silly-walks": 0.1}
    write(folder, expected={**expected, "share": share})


def vocabulary_of(make: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        np.save(folder / VOCABULARY, make(np.load(folder / VOCABULARY)))
        sign(folder)

    return change


def archive_the_vocabulary(folder: Path) -> None:
    hashes = np.load(folder / VOCABULARY)
    with (folder / VOCABULARY).open("wb") as file:
        np.savez(file, hashes=hashes)
    sign(folder)


def graph_of(change: Callable[[onnx.ModelProto], None]) -> Callable[[Path], None]:
    def changed(folder: Path) -> None:
        graph = onnx.load(folder / WEIGHTS)
        change(graph)
        onnx.save(graph, folder / WEIGHTS)
        sign(folder)

    return changed


def rename_an_output(graph: onnx.ModelProto) -> None:
    graph.graph.output[0].name = "logits_"
    for node in graph.graph.node:
        node.output[:] = ["logits_" if name == "probabilities" else name for name in node.output]
        node.input[:] = ["logits_" if name == "probabilities" else name for name in node.input]


def leave_out_an_output(graph: onnx.ModelProto) -> None:
    graph.graph.output.pop()


def rename_the_input(graph: onnx.ModelProto) -> None:
    graph.graph.input[0].name = "text"
    for node in graph.graph.node:
        node.input[:] = ["text" if name == "features" else name for name in node.input]


def add_up_otherwise(graph: onnx.ModelProto) -> None:
    [adding] = (node for node in graph.graph.node if "sums" in node.output)
    adding.op_type = "ReduceMax"
    del adding.input[1:]
    adding.attribute.append(onnx.helper.make_attribute("axes", [1]))


def weigh_nothing(graph: onnx.ModelProto) -> None:
    graph.graph.initializer.remove(*[t for t in graph.graph.initializer if t.name == "weights"])


def weigh_padding(graph: onnx.ModelProto) -> None:
    [table] = (each for each in graph.graph.initializer if each.name == "weights")
    table.raw_data = table.raw_data[:-2] + np.float16(1).tobytes()


def forget_the_labels(graph: onnx.ModelProto) -> None:
    del graph.metadata_props[:]


WRONG: dict[str, tuple[Callable[[Path], None], str]] = {
    "no folder": (shutil.rmtree, "model"),
    "no manifest": (remove_manifest, FILENAME),
    "no weights": (remove_weights, WEIGHTS),
    "no vocabulary": (remove_vocabulary, VOCABULARY),
    "torn weights": (tear_weights, WEIGHTS),
    "torn weights, checksum right": (tear_weights_and_sign, WEIGHTS),
    "torn vocabulary, checksum right": (tear_vocabulary_and_sign, VOCABULARY),
    "torn manifest": (tear_manifest, FILENAME),
    "one bit of the vocabulary": (change_one_bit, VOCABULARY),
    "another checksum": (change_a_checksum, WEIGHTS),
    "no checksum": (forget_a_checksum, VOCABULARY),
    "labels in another order": (exchange_labels, WEIGHTS),
    "other features": (ask_for_other_features, "version 999"),
    "another opset": (name_another_opset, WEIGHTS),
    "another format": (name_another_format, FILENAME),
    "an unknown field": (add_an_unknown_field, "colour"),
    "a threshold too many": (promise_for_another_department, "ministry-of-silly-walks"),
    "a threshold too few": (promise_nothing_for_one, "ministry-of-justice"),
    "no probability": (promise_more_than_certainty, "in_remit"),
    "a flag too many": (promise_another_flag, WEIGHTS),
    "flags in another order": (exchange_flags, WEIGHTS),
    "a share too many": (expect_another_department, "ministry-of-silly-walks"),
    "a longer vocabulary": (vocabulary_of(lambda h: np.append(h, h[:1] + 1)), WEIGHTS),
    "a shorter vocabulary": (vocabulary_of(lambda h: h[:-1]), WEIGHTS),
    "no hashes": (vocabulary_of(lambda h: h[:0]), VOCABULARY),
    "hashes of half the size": (vocabulary_of(lambda h: h.astype(np.uint32)), VOCABULARY),
    "hashes in a table": (vocabulary_of(lambda h: h[:, None]), VOCABULARY),
    "hashes in an archive": (archive_the_vocabulary, VOCABULARY),
    "another output": (graph_of(rename_an_output), WEIGHTS),
    "an output too few": (graph_of(leave_out_an_output), WEIGHTS),
    "another input": (graph_of(rename_the_input), WEIGHTS),
    "another way to add up": (graph_of(add_up_otherwise), WEIGHTS),
    "a graph without weights": (graph_of(weigh_nothing), WEIGHTS),
    "weights of no feature": (graph_of(weigh_padding), WEIGHTS),
    "no labels": (graph_of(forget_the_labels), WEIGHTS),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(SHIPPED, tmp_path / "model")


def refusal(folder: Path) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_model(folder, threads=1)
    return str(caught.value)


@pytest.mark.parametrize(("spoil", "named"), WRONG.values(), ids=[*WRONG])
def test_a_wrong_model_is_refused(folder: Path, spoil: Callable[[Path], None], named: str) -> None:
    """What does not fit together is not loaded, and one sentence says what and where it is."""
    spoil(folder)
    sentence = refusal(folder)
    assert "\n" not in sentence
    assert str(folder) in sentence
    assert named in sentence


class Touch:
    """Touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self.path,)


def test_a_model_runs_no_code(folder: Path, tmp_path: Path) -> None:
    """A vocabulary that would run code when it is unpickled is refused and not unpickled."""
    harm = np.array([Touch(tmp_path / "harm")], dtype=object)
    np.save(folder / VOCABULARY, harm, allow_pickle=True)
    sign(folder)
    assert VOCABULARY in refusal(folder)
    assert not (tmp_path / "harm").exists()
    pickle.loads(pickle.dumps(harm))  # noqa: S301 - it would have run
    assert (tmp_path / "harm").exists()


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(SHIPPED, tmp_path_factory.mktemp("damaged") / "model")


@settings(max_examples=60)
@given(start=st.integers(0, 130), content=st.binary(min_size=1, max_size=4))
def test_a_damaged_header_is_no_traceback(damaged: Path, start: int, content: bytes) -> None:
    """A vocabulary with any damage to its header loads or is refused, and nothing else happens."""
    whole = (SHIPPED / VOCABULARY).read_bytes()
    spoilt = whole[:start] + content + whole[start + len(content) :]
    (damaged / VOCABULARY).write_bytes(spoilt)
    sign(damaged)
    with suppress(ConfigurationError):
        assert load_model(damaged, threads=1).vocabulary.size > 0


def test_the_classifier_does_not_start_with_a_torn_model(folder: Path) -> None:
    """The service exits 2 before it is ready, with the one sentence and no traceback."""
    tear_weights(folder)
    ended = subprocess.run(
        [sys.executable, "-m", "services", "classifier"],
        env={**os.environ, "CLASSIFIER_MODEL": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr == f"triage: {refusal(folder)}\n"
