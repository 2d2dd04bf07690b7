"""How much of what full labels would teach is learnt from what people decide of a stream.

Run it as `python -m benchmarks.lessons_gain DATA`; `make figures` says what the folder has. A
champion has learnt older written questions and no petition. Later questions and half of the
petitions are its stream: what it leaves to a person is decided by one, and of what it sends by
itself some is drawn and judged; one in twenty of both is decided wrongly. One candidate learns
these lessons beside what the champion has learnt, another one the whole stream with its true
labels. All are measured on still later questions and on the other half of the petitions, and the
other way round.
"""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from benchmarks.report import WIDTH, table
from services.messages.lesson import Kind, Lesson
from services.model.manifest import promised_limits
from services.model.reading import read
from services.model.text_model import Model, load_model
from services.training.data.columns import Columns
from services.training.data.dataset import Dataset, read_dataset
from services.training.data.training_set import Request, read_training_set
from services.training.evaluate.measure import routed_of
from services.training.evaluate.predictions import predict
from services.training.fit.feature_counts import count
from services.training.fit.linear import fit_hinge, label_term_weights
from services.training.fit.recipe import (
    FEATURES,
    LABEL_POWERS,
    Recipe,
    make_features,
    row_weights,
)
from services.training.train import train

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]

# The champion has learnt what is older; the stream is of later questions.
FIRST, LAST = date(2025, 7, 1), date(2026, 1, 31)
# Of the questions to learn, one in so many: enough to tell, in a quarter of an hour.
THINNED = 3
WRONG = 0.05
RESAMPLES, SEED = 2_000, 0
GAINS = ("share of the gain", "of questions", "of petitions")
COLUMNS = Columns("text", "department", "at", weight="weight")
log = Console(stderr=True).log


class Way(NamedTuple):
    """A way to learn: what is known of the stream, and how much of it counts.

    `audited` is the share of what went by itself that is drawn; `weighed` says that a copy counts
    for the inverse of that; `heavier` is how much a lesson counts beside what is older. `full` is
    the whole stream with all departments that are right, and nobody's error.
    """

    name: str
    audited: float = 0.05
    weighed: bool = False
    wrong: float = WRONG
    heavier: float = 1.0
    full: bool = False


FULL = Way("the stream with its true labels", full=True)
WAYS = (
    FULL,
    Way("lessons, 5 % audited"),
    Way("10 % audited", audited=0.1),
    Way("5 % audited, copies weighed", weighed=True),
    Way("5 % audited, none wrong", wrong=0.0),
    Way("5 % audited, each counts for 2", heavier=2.0),
    Way("true labels, each counts for 2", full=True, heavier=2.0),
    Way("2 % audited", audited=0.02),
    Way("all decided by a person", audited=1.0),
)


class Item(NamedTuple):
    """An inquiry of the stream, with the departments that are right for it."""

    text: str
    departments: tuple[str, ...]
    day: date


class HeldOut(NamedTuple):
    """What all ways are judged on: later questions, and petitions with the half that each is in."""

    questions: Dataset
    petitions: Dataset
    halves: Truths


class Right(NamedTuple):
    """How often each text that has a department is given one that is right, of both kinds."""

    questions: Floats
    petitions: Floats


def main() -> None:
    """Train and measure each way, and print the table as Markdown."""
    data = Path(sys.argv[1] if len(sys.argv) > 1 else "")
    if not (data / "uk-written-questions").is_dir():
        sys.exit(f"{data} has no data sets: name their folder; see the model card.")
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(limits=1):
        rows = [*_rows(data, Path(folder))]
    head = ("learnt beside what is older", "lessons", "questions", "petitions", *GAINS)
    Console(width=WIDTH).print(table(head, rows))


def _rows(data: Path, folder: Path) -> Iterator[tuple[str, ...]]:
    older, later, held_out = _read(data)
    history = folder / "history.jsonl"
    _write(history, [_lesson(each, each.departments) for each in _items(older)])
    request = Request(data=[history], columns=COLUMNS, out=folder / "champion", words_only=True)
    train(request, log)
    champion = load_model(request.out, threads=1)
    right = [_learn(folder, [history], (1.0,), held_out)] * 2
    before = full = _put_together(right, held_out)
    yield "nothing", "", *_accuracies(before), *[""] * len(GAINS)
    for way in WAYS:
        right, sizes = [], []
        for number, half in enumerate((held_out.halves, ~held_out.halves)):
            stream = [*_items(later), *_petitions(held_out.petitions.of(half.tolist()))]
            lessons = _lessons(stream, champion, way, number)
            _write(folder / "lessons.jsonl", lessons)
            files = [history, folder / "lessons.jsonl"]
            right.append(_learn(folder, files, (1.0, way.heavier), held_out))
            sizes.append(len(lessons))
        found = _put_together(right, held_out)
        full = found if way is FULL else full
        row = way.name, f"{np.mean(sizes):,.0f}", *_accuracies(found), *_gains(found, full, before)
        log(*row)
        yield row


def _read(data: Path) -> tuple[Dataset, Dataset, HeldOut]:
    asked, columns = data / "uk-written-questions", Columns("text", "department", "date")
    every = read_dataset([asked / "train.csv.gz"], columns)
    questions = every.of([number % THINNED == 0 for number in range(len(every))])
    later = questions.of([day is not None and day >= FIRST for day in questions.dates or ()])
    petitions = read_dataset([data / "uk-petitions" / "dev.csv.gz"], Columns("text", "accepted"))
    halves = np.random.default_rng(SEED).permutation(len(petitions)) % 2 == 0
    held_out = HeldOut(read_dataset([asked / "valid.csv.gz"], columns), petitions, halves)
    return questions.before(FIRST), later, held_out


def _learn(
    folder: Path, files: Sequence[Path], weights: tuple[float, ...], held_out: HeldOut
) -> Right:
    """Fit the departments as `triage train` does when it tries recipes, and judge the first choice.

    The hinge alone and no calibration, which take a tenth of the time.
    """
    request = Request(data=files, columns=COLUMNS, out=folder, weights=weights)
    training_set = read_training_set(request)
    features = make_features(training_set, FEATURES[0])
    known = features.train.of(features.train.texts.labels >= 0)
    recipe = Recipe(FEATURES[0], LABEL_POWERS[-1], weights)
    labels, counts, weighed = known.texts.labels, known.counts, row_weights(known.texts, recipe)
    terms = label_term_weights(counts, labels, weighed, recipe.label_power)
    linear = fit_hinge(counts, labels, weighed, terms, SEED).for_each_label()

    def right(data: Dataset) -> Floats:
        texts = [read(text).text for text in data.texts]
        chosen = linear.scores(count(texts, features.vocabulary)).argmax(axis=1)
        pairs = zip(chosen.tolist(), data.labels, strict=True)
        return np.array([training_set.names[each] in given for each, given in pairs], np.float64)

    return Right(right(held_out.questions), right(held_out.petitions))


def _put_together(both: Sequence[Right], held_out: HeldOut) -> Right:
    """Take of each petition what the model says that has not learnt it, and of questions the mean.

    The first one has learnt the petitions of `halves`.
    """
    inside = np.array([bool(labels) for labels in held_out.petitions.labels])
    first, second = both
    petitions = np.where(held_out.halves, second.petitions, first.petitions)
    return Right((first.questions + second.questions) / 2, petitions[inside])


def _items(data: Dataset) -> Iterator[Item]:
    for text, labels, day in zip(data.texts, data.labels, data.dates or (), strict=True):
        yield Item(text, tuple(sorted(labels)), day or FIRST)


def _petitions(data: Dataset) -> Iterator[Item]:
    """Let petitions come while the stream runs: each on a day of its own choice."""
    random = np.random.default_rng(SEED)
    days = random.integers((LAST - FIRST).days, size=len(data))
    for text, labels, day in zip(data.texts, data.labels, days.tolist(), strict=True):
        yield Item(text, tuple(sorted(labels)), FIRST + timedelta(days=day))


def _lessons(stream: Sequence[Item], champion: Model, way: Way, seed: int) -> list[Lesson]:
    """Return what people decide of a stream that the champion has judged."""
    if way.full:
        return [_lesson(each, each.departments) for each in stream]
    random = np.random.default_rng((SEED, seed))
    texts = [each.text for each in stream]
    predicted = predict(champion, texts, [frozenset(each.departments) for each in stream])
    sent = routed_of(predicted, champion.labels, promised_limits(champion.manifest))
    probabilities = champion.score([read(text).text for text in texts]).probabilities
    # The same are wrong and drawn whatever the way.
    errs, drawn = random.random(len(stream)) < way.wrong, random.random(len(stream)) < way.audited
    lessons = []
    for number, item in enumerate(stream):
        if drawn[number] or not sent[number]:
            given = _decided(item, champion.labels, probabilities[number], random, err=errs[number])
            weight = 1 / way.audited if sent[number] and way.weighed else 1.0
            lessons.append(_lesson(item, given, weight, "audit" if sent[number] else "review"))
    return lessons


def _decided(
    item: Item,
    labels: Sequence[str],
    probabilities: Floats,
    random: np.random.Generator,
    *,
    err: bool,
) -> tuple[str, ...]:
    """Return what a person decides: a right department, or one that it is easily taken for."""
    right = set(item.departments)
    if not err:
        return tuple(random.permutation(item.departments)[:1].tolist())
    likely = np.array([0.0 if label in right else 1.0 for label in labels]) * probabilities
    return (labels[int(random.choice(len(labels), p=likely / likely.sum()))],)


def _lesson(
    item: Item, departments: Sequence[str], weight: float = 1.0, kind: Kind = "review"
) -> Lesson:
    return Lesson(
        text=item.text,
        department="|".join(departments),
        at=item.day.isoformat(),
        kind=kind,
        weight=weight,
    )


def _write(path: Path, lessons: Sequence[Lesson]) -> None:
    path.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in lessons))


def _accuracies(right: Right) -> tuple[str, ...]:
    return tuple(f"{each.mean():.3f}" for each in right)


def _gains(found: Right, full: Right, before: Right) -> tuple[str, ...]:
    """Return the share of the full gain of all texts, of questions and of petitions.

    With 95 % bootstrap intervals over the texts.
    """
    every = [np.concatenate(each) for each in (found, full, before)]
    kinds = [every, [each.questions for each in (found, full, before)]]
    kinds.append([each.petitions for each in (found, full, before)])
    return tuple(_share(*kind) for kind in kinds)


def _share(found: Floats, full: Floats, before: Floats) -> str:
    rows = np.random.default_rng(SEED).integers(len(before), size=(RESAMPLES, len(before)))
    gained, whole = found - before, full - before
    shares = gained[rows].mean(axis=1) / whole[rows].mean(axis=1)
    low, high = np.quantile(shares, [0.025, 0.975])
    return f"{gained.mean() / whole.mean():.0%} ({low:.0%} to {high:.0%})"


if __name__ == "__main__":
    main()
