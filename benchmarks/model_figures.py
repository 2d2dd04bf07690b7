"""`make figures DATA=folder`: every figure of the model card, measured anew from the data sets.

The folder has `uk-written-questions/{train,valid}.csv.gz`, `uk-petitions/dev.csv.gz` and
`banking77/{train,test}.csv.gz`; the model card says where each comes from.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from benchmarks.corpus_figures import (
    corpus_rows,
    decision_rows,
    department_inquiries,
    example_inquiries,
)
from benchmarks.report import WIDTH, table
from services.model.manifest import promised_limits
from services.model.text_model import load_model
from services.training.data.dataset import Columns, Dataset, read_dataset
from services.training.data.folds import time_blocks
from services.training.data.training_set import Request, read_training_set
from services.training.evaluate.figures import Choices, Figure, headline
from services.training.evaluate.measure import Files, evaluate
from services.training.fit.calibration import choose_penalty
from services.training.fit.recipe import (
    FEATURES,
    LABEL_POWERS,
    Recipe,
    fit_departments,
    make_features,
)
from services.training.train import train

BATCH, ROUNDS = 256, 5
SHIPPED = Path("models", "uk-departments")
# How much a written question counts in training, and an inquiry of the corpus.
WEIGHTS = (1.0, 10.0, 10.0)
FALSE_ALARMS = 0.08
# The goals of figures, on questions and on petitions.
QUESTIONS = {"accuracy": "0.789"}
PETITIONS = {"accuracy": "0.625", "remit_auroc": "0.85"}

MODEL_FILES = ("model.onnx", "vocabulary.npy", "manifest.json")
INTENTS = Columns("text", "label")

Row = tuple[str, str, str]  # what, its goal, and what was measured
log = Console(stderr=True).log


def main() -> None:
    """Train both models into a temporary folder, measure, and print the table as Markdown."""
    data = Path(sys.argv[1] if len(sys.argv) > 1 else "")
    if not (data / "uk-written-questions").is_dir():
        sys.exit(f"{data} has no data sets: say make figures DATA=folder; see the model card.")
    with tempfile.TemporaryDirectory() as folder:
        rows = [*_departments(data, Path(folder)), *_banking(data, Path(folder)), *_speed(data)]
    Console(width=WIDTH).print(table(("what", "goal", "measured"), rows))


def request_of(data: Path, out: Path) -> Request:
    """Return the request that the shipped model was trained by."""
    corpus = SHIPPED / "inquiries"
    return Request(
        data=[
            data / "uk-written-questions" / "train.csv.gz",
            corpus / "train.jsonl.gz",
            corpus / "met.jsonl.gz",
        ],
        weights=WEIGHTS,
        columns=Columns("text", "department", "date", "flags"),
        out=out,
        valid=corpus / "dev.jsonl.gz",
        remit=data / "uk-petitions" / "dev.csv.gz",
        remit_label="accepted",
        false_alarms=FALSE_ALARMS,
        words_only=True,
    )


def _departments(data: Path, folder: Path) -> Iterator[Row]:
    request = request_of(data, folder / SHIPPED.name)
    train(request, log)
    same = (request.out / "model.onnx").read_bytes() == (SHIPPED / "model.onnx").read_bytes()
    yield "trained anew, bit for bit the shipped model", "yes", "yes" if same else "no"
    yield from corpus_rows("dev")
    yield from corpus_rows("test")
    yield from decision_rows("examples of the demo", example_inquiries())
    # No matter of test has been met by what learnt from train alone.
    strict = replace(request, data=request.data[:2], weights=WEIGHTS[:2], out=folder / "strict")
    train(strict, log)
    of = "corpus test, learnt from train alone"
    yield from decision_rows(of, department_inquiries("test"), strict.out)
    petitions = data / "uk-petitions" / "dev.csv.gz"
    accepted = _evaluated(SHIPPED, petitions, Columns("text", "accepted"))
    yield from _rows(accepted, PETITIONS, "petitions that a department took on")
    yield from _rows(_questions(request, data), QUESTIONS, "written questions, over blocks of time")


def _questions(request: Request, data: Path) -> Mapping[str, Figure]:
    """Cross-fit the calibration over blocks of time of later questions, as the first model's was.

    What is shipped is calibrated on inquiries; this says whether the scores still know questions.
    """
    valid = data / "uk-written-questions" / "valid.csv.gz"
    asked = replace(request, valid=valid, columns=Columns("text", "department", "date"))
    training_set = read_training_set(replace(asked, remit=None))
    recipe = Recipe(FEATURES[0], LABEL_POWERS[-1], WEIGHTS)
    features = make_features(training_set, recipe.features)
    _, held_out = fit_departments(features, recipe, request.seed)
    folds = time_blocks(len(held_out.labels))
    _, probabilities = choose_penalty(held_out.scores, held_out.labels, folds)
    right = probabilities.argmax(axis=1) == held_out.labels
    return headline(Choices(probabilities.max(axis=1), right))


def _banking(data: Path, folder: Path) -> Iterator[Row]:
    train_file, test_file = (data / "banking77" / f"{name}.csv.gz" for name in ("train", "test"))
    request = Request(data=[train_file], columns=INTENTS, out=folder / "banking77")
    train(request, log)
    figures = _evaluated(request.out, test_file, INTENTS)
    yield from _rows(figures, {"accuracy": "0.925"}, "BANKING77 test")


def _evaluated(model_folder: Path, path: Path, columns: Columns) -> Mapping[str, Figure]:
    model, texts = load_model(model_folder, threads=1), read_dataset([path], columns)
    return evaluate(model, promised_limits(model.manifest), texts, Files((path.name,))).figures


def _rows(figures: Mapping[str, Figure], goals: Mapping[str, str], of: str) -> Iterator[Row]:
    for name, goal in goals.items():
        value, low, high = figures[name]
        yield f"{name.replace('_', ' ')}, {of}", goal, f"{value:.3f} ({low:.3f} to {high:.3f})"


def _speed(data: Path) -> Iterator[Row]:
    questions, columns = data / "uk-written-questions", Columns("text", "department")
    texts = read_dataset([questions / "valid.csv.gz"], columns)
    short = read_dataset([data / "banking77" / "train.csv.gz"], INTENTS)
    peer = _peer(read_dataset([questions / "train.csv.gz"], columns))
    labels = peer.predict(texts.texts)
    right = np.mean([label in given for label, given in zip(labels, texts.labels, strict=True)])
    began = time.perf_counter()
    score = load_model(SHIPPED, threads=1).score
    seconds = time.perf_counter() - began
    runs = ((score, short.texts), (score, texts.texts), (peer.predict_proba, texts.texts))
    rounds = np.array([[_rate(*run) for run in runs] for _ in range(ROUNDS)])
    ours_short, ours, _ = np.median(rounds, axis=0)
    ratio = np.median(rounds[:, 1] / rounds[:, 2])
    what = f"texts per CPU-second, batches of {BATCH}"
    yield f"{what}, BANKING77 (54 characters)", "300,000", f"{ours_short:,.0f}"
    yield f"{what}, questions (177 characters)", "150,000", f"{ours:,.0f}"
    name = f"scikit-learn's TF-IDF and logistic regression (accuracy {right:.3f})"
    yield f"the same against {name}", "5 times", f"{ratio:.1f} times"
    size = sum((SHIPPED / name).stat().st_size for name in MODEL_FILES) / 1e6
    yield "size of the model's files", "at most 10 MB", f"{size:.1f} MB"
    yield "time to load the model", "under 0.5 s", f"{seconds:.2f} s"


def _peer(texts: Dataset) -> Pipeline:
    """Fit scikit-learn's own pipeline over the same kinds of features, words and pairs of words."""
    vectors = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2, dtype=np.float32)
    pipeline = make_pipeline(vectors, LogisticRegression(C=8, max_iter=200))
    return pipeline.fit(texts.texts, [min(labels) for labels in texts.labels])


def _rate(model: Callable[[Sequence[str]], object], texts: Sequence[str]) -> float:
    """Return texts per CPU-second of this process."""
    began = time.process_time()
    for start in range(0, len(texts), BATCH):
        model(texts[start : start + BATCH])
    return len(texts) / (time.process_time() - began)


if __name__ == "__main__":
    main()
