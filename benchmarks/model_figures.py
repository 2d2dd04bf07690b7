"""`make figures DATA=folder`: every figure of the model card, measured anew from the data sets.

The folder has `uk-written-questions/{train,valid}.csv.gz`, `uk-petitions/dev.csv.gz` and
`banking77/{train,test}.csv.gz`; the model card says where each comes from.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from services.classifier.model import Model, load
from services.manifest import promised_limits
from services.training.calibrate import choose_penalty
from services.training.dataset import Columns, Dataset, read_dataset
from services.training.evaluate import Files, evaluate
from services.training.figures import Choices, Figure, headline
from services.training.folds import stratified
from services.training.material import Request, read_material
from services.training.recipe import Recipe, cook
from services.training.train import train

BATCH = 256
ROUNDS = 5
SHIPPED = Path("models", "uk-departments")


class Row(NamedTuple):
    """One line of the table."""

    what: str
    goal: str
    measured: str


def main() -> None:
    """Train both models into a temporary folder, measure, and print the table as Markdown."""
    data = Path(sys.argv[1] if len(sys.argv) > 1 else "")
    if not (data / "uk-written-questions").is_dir():
        sys.exit(f"{data} has no data sets: say make figures DATA=folder; see the model card.")
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory() as temporary:
        rows = [*measure(data, Path(temporary), console)]
    lines = ["| what | goal | measured |", "|---|---|---|"]
    lines += [f"| {row.what} | {row.goal} | {row.measured} |" for row in rows]
    sys.stdout.write("\n".join(lines) + "\n")


def measure(data: Path, folder: Path, console: Console) -> Iterator[Row]:
    """Give the rows of the table, each as soon as it is known."""
    questions, petitions = data / "uk-written-questions", data / "uk-petitions" / "dev.csv.gz"
    request = Request(
        data=[questions / "train.csv.gz"],
        columns=Columns("text", "department", "date"),
        out=folder / SHIPPED.name,
        valid=questions / "valid.csv.gz",
        remit=petitions,
        remit_label="accepted",
    )
    trained = train(request, console.log)
    same = (request.out / "model.onnx").read_bytes() == (SHIPPED / "model.onnx").read_bytes()
    yield Row("trained anew, bit for bit the shipped model", "yes", "yes" if same else "no")
    yield from _questions(trained.figures, "by stretches of time")
    recipe = Recipe(trained.features, trained.training["emphasis"])
    yield from _at_random(request, recipe)
    yield from _petitions(load(SHIPPED, threads=1), petitions)
    auroc = Figure(*trained.figures["remit_auroc"])
    yield Row("remit AUROC, petitions, cross-validated", "0.85", _shown(auroc))
    yield from _banking(data / "banking77", folder, console)
    yield from _speed(data, load(SHIPPED, threads=1))
    yield from _costs()


def _questions(figures: dict[str, Sequence[float]], how: str) -> Iterator[Row]:
    for name, goal in (
        ("accuracy", "0.79"),
        ("coverage_at_95", "0.55"),
        ("coverage_at_90", "0.75"),
        ("calibration_error", "at most 0.015"),
    ):
        what = f"{name.replace('_', ' ')}, written questions, cross-fitted {how}"
        yield Row(what, goal, _shown(Figure(*figures[name])))


def _at_random(request: Request, recipe: Recipe) -> Iterator[Row]:
    """Cross-fit over folds at random, where a text's neighbours in time are seen."""
    cooked = cook(read_material(request), recipe, request.seed)
    folds = stratified(cooked.labels, request.seed)
    _, probabilities = choose_penalty(cooked.scores, cooked.labels, folds)
    right = probabilities.argmax(axis=1) == cooked.labels
    figures = headline(Choices(probabilities.max(axis=1), right))
    yield from _questions({name: [*each] for name, each in figures.items()}, "at random")


def _petitions(model: Model, path: Path) -> Iterator[Row]:
    petitions = read_dataset([path], Columns("text", "accepted"))
    found = evaluate(model, promised_limits(model.manifest), petitions, Files((path.name,)))
    for name, goal in (("accuracy", "0.67"), ("coverage_at_95", ""), ("calibration_error", "")):
        what = f"{name.replace('_', ' ')}, petitions that a department took on"
        yield Row(what, goal, _shown(found.figures[name]))


def _banking(folder: Path, out: Path, console: Console) -> Iterator[Row]:
    columns = Columns("text", "label")
    request = Request(data=[folder / "train.csv.gz"], columns=columns, out=out / "banking77")
    train(request, console.log)
    model = load(request.out, threads=1)
    test = read_dataset([folder / "test.csv.gz"], columns)
    found = evaluate(model, promised_limits(model.manifest), test, Files(("test.csv.gz",)))
    yield Row("accuracy, BANKING77 test", "0.925", _shown(found.figures["accuracy"]))


def _speed(data: Path, model: Model) -> Iterator[Row]:
    questions = data / "uk-written-questions"
    texts = read_dataset([questions / "valid.csv.gz"], Columns("text", "department"))
    short = read_dataset([data / "banking77" / "train.csv.gz"], Columns("text", "label"))
    peer = _peer(read_dataset([questions / "train.csv.gz"], Columns("text", "department")))
    right = [label in labels for label, labels in zip(peer(texts.texts), texts.labels, strict=True)]
    rounds = [
        (_rate(model.score, texts.texts), _rate(model.score, short.texts), _rate(peer, texts.texts))
        for _ in range(ROUNDS)
    ]
    ours, ours_short, _ = (float(np.median(column)) for column in zip(*rounds, strict=True))
    ratio = float(np.median([ours / theirs for ours, _, theirs in rounds]))
    what = f"texts per CPU-second, batches of {BATCH}"
    yield Row(f"{what}, BANKING77 (54 characters)", "300,000", f"{ours_short:,.0f}")
    yield Row(f"{what}, questions (177 characters)", "150,000", f"{ours:,.0f}")
    name = f"scikit-learn's TF-IDF and logistic regression (accuracy {np.mean(right):.3f})"
    yield Row(f"the same against {name}", "5 times", f"{ratio:.1f} times")


def _peer(texts: Dataset) -> Callable[[Sequence[str]], Sequence[str]]:
    """Fit scikit-learn's own pipeline over the same kinds of features, words and pairs of words."""
    vectors = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2, dtype=np.float32)
    pipeline = make_pipeline(vectors, LogisticRegression(C=8, max_iter=200))
    pipeline.fit(texts.texts, [min(labels) for labels in texts.labels])
    names = pipeline.classes_

    def choose(given: Sequence[str]) -> Sequence[str]:
        chosen: Sequence[str] = names[pipeline.predict_proba(given).argmax(axis=1)]
        return chosen

    return choose


def _rate(score: Callable[[Sequence[str]], object], texts: Sequence[str]) -> float:
    """Give texts per CPU-second of this process."""
    began = time.process_time()
    for start in range(0, len(texts), BATCH):
        score(texts[start : start + BATCH])
    return len(texts) / (time.process_time() - began)


def _costs() -> Iterator[Row]:
    files = ("model.onnx", "vocabulary.npy", "manifest.json")
    size = sum((SHIPPED / name).stat().st_size for name in files)
    yield Row("size of the model's files", "at most 10 MB", f"{size / 1e6:.1f} MB")
    began = time.perf_counter()
    load(SHIPPED, threads=1)
    yield Row("time to load", "under 0.5 s", f"{time.perf_counter() - began:.2f} s")


def _shown(figure: Figure) -> str:
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"


if __name__ == "__main__":
    main()
