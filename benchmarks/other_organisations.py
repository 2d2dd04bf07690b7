"""`python -m benchmarks.other_organisations DATA`: what other organisations' histories give.

DATA is a folder with what docs/other-organisations.md says to fetch. Each history that is there is
trained as `triage train` does, in a process of its own, and measured on its latest part, beside the
plain pipeline of scikit-learn on the same parts. All parts together are then trained on without
`--valid`, for what that takes.
"""

import csv
import gzip
import json
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing import get_context
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from scipy.stats import binom
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC

from benchmarks.report import WIDTH, table
from services.model.manifest import Thresholds, promised_limits
from services.model.text_model import load_model
from services.training.data.dataset import Columns, Dataset, read_dataset
from services.training.data.training_set import Request
from services.training.evaluate.evaluation import Department, Evaluation
from services.training.evaluate.measure import Files, evaluate
from services.training.train import train as train_model

PRECISION, DOUBT = 0.95, 0.05
MB = 1e6
COLUMNS = Columns("text", "label")
DATED = Columns("text", "label", "date")

# Of patients' feedback: what is no theme, and how many of the themes are taken.
FEEDBACK = "v6framework_230831.csv"
NO_THEME = {"Not assigned", "Labelling not possible"}
FIRST_THEME = "Comment sentiment"  # themes are the columns after it
THEMES = 19
MONTHS = 12
# Of a city's reports: categories that have so many texts in the first part can be learnt.
REPORTS = "20170903_newport_issues_archive.json"
LEARNT = 20
TRAIN_SHARE, VALID_SHARE = 0.7, 0.15

log = Console(stderr=True).log

PARTS = ("train", "valid", "test")

Row = tuple[str, str, str]  # whose, what, and what was measured


class Split(NamedTuple):
    """A history in three parts, each later than the one before where it has dates."""

    name: str
    train: Path
    valid: Path
    test: Path
    columns: Columns


class Cost(NamedTuple):
    """What a process took."""

    seconds: float
    cpu_seconds: float
    megabytes: float

    @property
    def described(self) -> str:
        """Say how long it took."""
        return f"{self.seconds:.0f} s by the clock, {self.cpu_seconds:.0f} s of processors"


def main() -> None:
    """Measure each history that is in the folder, and print the table as Markdown."""
    data = Path(sys.argv[1] if len(sys.argv) > 1 else "")
    with tempfile.TemporaryDirectory() as folder:
        splits = [each for make in SOURCES if (each := make(data, Path(folder)))]
        if not splits:
            sys.exit(f"{data} has no history: docs/other-organisations.md says what to put there.")
        rows = [row for split in splits for row in measure(split, Path(folder))]
    Console(width=WIDTH).print(table(("history", "what", "measured"), rows))


def measure(split: Split, folder: Path) -> Iterator[Row]:
    """Train on a history, measure the model on the latest part, and say what the peer does."""
    model = folder / f"model-{split.name}"
    request = Request(
        data=[split.train], valid=split.valid, columns=split.columns, out=model, precision=PRECISION
    )
    cost = _cost(request)
    parts = [split.train, split.valid, split.test]
    whole = replace(request, data=parts, weights=[1.0] * len(parts), valid=None, out=folder / "all")
    cost_of_all = _cost(whole)
    loaded = load_model(model, threads=1)
    later = read_dataset([split.test], split.columns)
    found = evaluate(loaded, promised_limits(loaded.manifest), later, Files((split.test.name,)))
    learnt = read_dataset([split.train], split.columns)
    began = time.process_time()
    peer = _peer(learnt)
    peer_seconds = time.process_time() - began
    accuracy, low, high = found.figures["accuracy"]
    size = sum(each.stat().st_size for each in model.iterdir()) / MB
    when = "later" if split.columns.date else "other"  # without dates none is known to be later
    name = f"{split.name}, {len(later.texts):,} {when} texts, {len(loaded.labels)} labels"
    yield name, "right, ours", f"{accuracy:.3f} ({low:.3f} to {high:.3f})"
    yield "", "right, scikit-learn's TF-IDF and linear SVM", f"{_right(peer, later):.3f}"
    yield "", "trained in", cost.described
    yield "", "trained on all parts, without --valid, in", cost_of_all.described
    yield "", "scikit-learn, of one core", f"{peer_seconds:.0f} s"
    memory = f"{cost.megabytes:.0f} MB, {cost_of_all.megabytes:.0f} MB, {size:.1f} MB"
    yield "", "memory while training, without --valid, size of the model", memory
    yield from (
        ("", what, measured) for what, measured in _promises(found, loaded.manifest.thresholds)
    )


def _cost(request: Request) -> Cost:
    """Train as `triage train` does, in a process of its own, and say what it took."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
        return alone.submit(_train, request).result()


def _train(request: Request) -> Cost:
    began = time.perf_counter()
    train_model(request, log)
    used = resource.getrusage(resource.RUSAGE_SELF)
    kilobytes = used.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    seconds = time.perf_counter() - began
    return Cost(seconds, used.ru_utime + used.ru_stime, kilobytes * 1024 / MB)


def _peer(data: Dataset) -> Pipeline:
    """Fit the pipeline as scikit-learn's own settings have it; a row for each label of a text."""
    rows = [
        (text, label)
        for text, labels in zip(data.texts, data.labels, strict=True)
        for label in sorted(labels)
    ]
    texts, labels = zip(*rows, strict=True)
    return make_pipeline(TfidfVectorizer(), LinearSVC(random_state=0)).fit(texts, labels)


def _right(peer: Pipeline, data: Dataset) -> float:
    chosen = peer.predict(data.texts)
    hits = [label in labels for label, labels in zip(chosen, data.labels, strict=True)]
    return sum(hits) / len(hits)


def _promises(found: Evaluation, thresholds: Thresholds) -> Iterator[tuple[str, str]]:
    """Say which thresholds kept on later texts what they promised on earlier ones.

    That over all is a promise for the labels together that have none of their own.
    """
    promised = [each for each in found.departments if each.threshold is not None]
    shared = [e for e in promised if thresholds.departments[e.label] == thresholds.overall]
    own = [each for each in promised if each not in shared and each.routed]
    held = [each for each in own if each.routed_right / each.routed >= PRECISION]
    broken = [each for each in own if binom.cdf(each.routed_right, each.routed, PRECISION) < DOUBT]
    labels = len(found.departments)
    of = f"{len(promised) - len(shared)}, {len(shared)} of {labels} labels"
    yield f"have a threshold of their own, that over all, for {PRECISION:.0%}", of
    yield "would go by itself", _rightly(promised, found.texts)
    yield "of labels' own thresholds that were reached, held", f"{len(held)} of {len(own)}"
    yield "would go by that over all", _rightly(shared, found.texts)
    for each in broken:
        yield "too far below for chance", f"{each.label} ({each.routed_right} of {each.routed})"


def _rightly(departments: Sequence[Department], texts: int) -> str:
    routed = sum(each.routed for each in departments)
    right = sum(each.routed_right for each in departments)
    return f"{routed / texts:.1%}, {right / routed:.1%} of it rightly" if routed else "none"


def _helpdesk(data: Path, _: Path) -> Split | None:
    folder = data / "it-helpdesk"
    if not folder.is_dir():
        return None
    train, valid, test = (folder / f"{part}.csv.gz" for part in PARTS)
    return Split("helpdesk", train, valid, test, COLUMNS)


def _feedback(data: Path, folder: Path) -> Split | None:
    """Split patients' feedback by its dates; the themes that most comments have are its labels."""
    path = data / FEEDBACK
    if not path.is_file():
        return None
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [*csv.DictReader(file)]
    names = [*rows[0]]
    themes = [*names[names.index(FIRST_THEME) + 1 :]]
    count = Counter(name for row in rows for name in themes if row[name] == "1")
    taken = [name for name, _ in count.most_common() if name not in NO_THEME][:THEMES]
    kept = []
    for row in rows:
        labels = [name for name in taken if row[name] == "1"]
        day, month, year = row["Date"].split("/")
        # In some rows the month stands first: where that can be seen, they are left out.
        if labels and row["FFT answer"].strip() and int(month) <= MONTHS:
            kept.append((f"{year}-{month:0>2}-{day:0>2}", row["FFT answer"], "|".join(labels)))
    return _dated("patients' feedback", kept, folder / "feedback")


def _reports(data: Path, folder: Path) -> Split | None:
    path = data / REPORTS
    if not path.is_file():
        return None
    said = [
        (f"{datetime.fromtimestamp(each['created_at'] / 1000, UTC):%Y-%m-%d}", text, category)
        for each in json.loads(path.read_text(encoding="utf-8"))
        if (text := (each["description"] or "").strip())
        and (category := each["request_type.title"])
    ]
    said.sort(key=itemgetter(0))
    count = Counter(category for _, _, category in said[: round(len(said) * TRAIN_SHARE)])
    kept = [each for each in said if count[each[2]] >= LEARNT]
    return _dated("a city's reports", kept, folder / "reports")


def _dated(name: str, rows: Sequence[tuple[str, str, str]], stem: Path) -> Split:
    """Cut what has dates into three parts, each later than the one before."""
    kept = sorted(rows, key=itemgetter(0))
    first = round(len(kept) * TRAIN_SHARE)
    second = round(len(kept) * (TRAIN_SHARE + VALID_SHARE))
    cut = (kept[:first], kept[first:second], kept[second:])
    train, valid, test = (
        _written(stem.with_name(f"{stem.name}-{part}.csv.gz"), those)
        for part, those in zip(PARTS, cut, strict=True)
    )
    return Split(name, train, valid, test, DATED)


def _written(path: Path, rows: Sequence[tuple[str, str, str]]) -> Path:
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["date", "text", "label"])
        writer.writerows(rows)
    return path


SOURCES: tuple[Callable[[Path, Path], Split | None], ...] = (_helpdesk, _feedback, _reports)


if __name__ == "__main__":
    main()
