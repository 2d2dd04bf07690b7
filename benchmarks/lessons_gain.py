"""How much of what full labels would teach is learnt from what people decide of a stream.

Run it as `python -m benchmarks.lessons_gain DATA`, a folder as `make figures` has it. A champion has
learnt older written questions and no petition. Later questions and half of the petitions are its
stream: what it leaves to a person is decided by one, and of what it sends by itself some is drawn
and judged; one in twenty of both is decided wrongly. One candidate learns these lessons beside what
the champion has learnt, another one the whole stream with its true labels. All are measured on
still later questions and on the other half of the petitions, and the other way round.
"""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from benchmarks.report import WIDTH, table
from services.messages.lesson import Kind, Lesson
from services.model.manifest import promised_limits
from services.model.reading import read
from services.model.text_model import Model, load_model
from services.training.data.columns import Columns
from services.training.data.dataset import Dataset, read_dataset
from services.training.data.training_set import Request
from services.training.evaluate.measure import routed_of
from services.training.evaluate.predictions import predict
from services.training.train import train

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]

# The champion has learnt what is older; the stream is of later questions.
FIRST, LAST = date(2025, 7, 1), date(2026, 1, 31)
# Of the questions to learn, one in so many: enough to tell, in minutes.
THINNED = 3
WRONG = 0.05
RESAMPLES, SEED = 5_000, 0
HISTORY = Columns("text", "department", "at", weight="weight")
log = Console(stderr=True).log


class Way(NamedTuple):
    """A way to learn: the share that is audited, what a lesson weighs, and whether all is known."""

    name: str
    audited: float = 0.05
    weighed: bool = True
    reviewed: bool = True
    full: bool = False
    wrong: float = WRONG
    weights: tuple[float, ...] = (1.0, 1.0)


WAYS = {
    each.name: each
    for each in (
        Way("full labels", full=True, wrong=0.0),
        Way("lessons"),
        Way("lessons, audit 2 %", audited=0.02),
        Way("lessons, audit 10 %", audited=0.1),
        Way("lessons, unweighed", weighed=False),
        Way("lessons, none wrong", wrong=0.0),
        Way("lessons, weights chosen", weights=()),
        Way("full labels, weights chosen", full=True, wrong=0.0, weights=()),
        Way("audit 10 % alone", audited=0.1, reviewed=False),
    )
}


class Item(NamedTuple):
    """An inquiry of the stream, with the departments that are right for it."""

    text: str
    departments: tuple[str, ...]
    day: date


@dataclass(frozen=True)
class Measured:
    """Of held-out texts: whether the first choice is right, and how likely each is in remit."""

    right: Truths
    in_remit: Floats


def main() -> None:
    """Train and measure each way, and print the table as Markdown."""
    data = Path(sys.argv[1] if len(sys.argv) > 1 else "")
    if not (data / "uk-written-questions").is_dir():
        sys.exit(f"{data} has no data sets: name their folder; see the model card.")
    names = sys.argv[2:] or ["full labels", "lessons"]
    with tempfile.TemporaryDirectory() as folder:
        rows = [*_rows(data, Path(folder), [WAYS[name] for name in names])]
    head = ("learnt from", "lessons", "questions", "petitions", "both", "share of the gain")
    Console(width=WIDTH).print(table(head, rows))


def _rows(data: Path, folder: Path, ways: Sequence[Way]) -> Iterator[tuple[str, ...]]:
    questions = read_dataset(
        [data / "uk-written-questions" / "train.csv.gz"], Columns("text", "department", "date")
    )
    questions = questions.of([number % THINNED == 0 for number in range(len(questions))])
    held_out = read_dataset(
        [data / "uk-written-questions" / "valid.csv.gz"], Columns("text", "department", "date")
    )
    petitions = read_dataset([data / "uk-petitions" / "dev.csv.gz"], Columns("text", "accepted"))
    history = folder / "history.jsonl"
    older = questions.before(FIRST)
    _write(history, (_lesson(each, each.departments, 1.0) for each in _items(older)))
    champion = _trained([history], folder / "champion", (1.0,))
    halves = np.random.default_rng(SEED).permutation(len(petitions)) % 2 == 0
    later = questions.of([day is not None and day >= FIRST for day in questions.dates or ()])
    log(f"{len(older):,} older questions, {len(later):,} later ones, {len(held_out):,} to judge")
    before = _measured(champion, held_out), _measured(champion, petitions)
    gains: dict[str, tuple[Floats, Floats]] = {}
    yield "the champion's data", "", *_accuracies(_as_floats(*before, petitions)), ""
    for way in ways:
        results = []
        count = 0
        for number, half in enumerate((halves, ~halves)):
            stream = [*_items(later), *_petitions(petitions.of(half.tolist()))]
            lessons = _lessons(stream, champion, way, number)
            count += len(lessons)
            path = folder / f"lessons-{number}.jsonl"
            _write(path, lessons)
            model = _trained([history, path], folder / "candidate", way.weights)
            results.append((_measured(model, held_out), _measured(model, petitions)))
        rights = np.mean([each.right for each, _ in results], axis=0)
        right = np.where(halves, results[1][1].right, results[0][1].right)
        gains[way.name] = _of_departments(rights, right, petitions)
        share = ""
        if "full labels" in gains and not way.full:
            base = _as_floats(*before, petitions)
            share = _share(gains[way.name], gains["full labels"], base)
        log(f"{way.name}: {_accuracies(gains[way.name])} {share}")
        yield way.name, f"{count // 2:,}", *_accuracies(gains[way.name]), share


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
        return [_lesson(each, each.departments, 1.0) for each in stream]
    random = np.random.default_rng((SEED, seed))
    texts = [each.text for each in stream]
    predicted = predict(champion, texts, [frozenset(each.departments) for each in stream])
    sent = routed_of(predicted, champion.labels, promised_limits(champion.manifest))
    probabilities = champion.score([read(text).text for text in texts]).probabilities
    # The same are wrong and drawn whatever the way.
    errs, drawn = random.random(len(stream)) < way.wrong, random.random(len(stream)) < way.audited
    lessons = []
    for number, item in enumerate(stream):
        if drawn[number] if sent[number] else way.reviewed:
            given = _decided(item, champion.labels, probabilities[number], random, err=errs[number])
            weight = 1 / way.audited if sent[number] and way.weighed else 1.0
            lessons.append(_lesson(item, given, weight, "audit" if sent[number] else "review"))
    log(f"{way.name}: {sent.mean():.1%} went by itself, {len(lessons):,} lessons")
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


def _lesson(item: Item, departments: Sequence[str], weight: float, kind: Kind = "review") -> Lesson:
    return Lesson(
        text=item.text,
        department="|".join(departments),
        at=item.day.isoformat(),
        kind=kind,
        weight=weight,
    )


def _write(path: Path, lessons: Sequence[Lesson] | Iterator[Lesson]) -> None:
    path.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in lessons))


def _trained(data: Sequence[Path], out: Path, weights: tuple[float, ...]) -> Model:
    log(f"Training on {', '.join(path.name for path in data)}")
    request = Request(data=data, columns=HISTORY, out=out, weights=weights, words_only=True)
    train(request, lambda _: None)
    return load_model(out, threads=1)


def _measured(model: Model, data: Dataset) -> Measured:
    predicted = predict(model, data.texts, data.labels)
    return Measured(predicted.choices.right, predicted.in_remit)


def _of_departments(questions: Floats, petitions: Floats, data: Dataset) -> tuple[Floats, Floats]:
    """Return how right each text that has a department is, of both kinds."""
    inside = np.array([bool(labels) for labels in data.labels])
    return questions.astype(np.float64), petitions[inside].astype(np.float64)


def _as_floats(questions: Measured, petitions: Measured, data: Dataset) -> tuple[Floats, Floats]:
    return _of_departments(
        questions.right.astype(np.float64), petitions.right.astype(np.float64), data
    )


def _accuracies(kinds: tuple[Floats, Floats]) -> tuple[str, ...]:
    each = [kind.mean() for kind in kinds]
    return tuple(f"{value:.3f}" for value in (*each, np.mean(each)))


def _share(
    candidate: tuple[Floats, Floats], full: tuple[Floats, Floats], before: tuple[Floats, Floats]
) -> str:
    """Return the share of the gain over both kinds alike, with a 95 % bootstrap interval."""
    random = np.random.default_rng(SEED)
    mine = np.zeros(RESAMPLES + 1)
    whole = np.zeros(RESAMPLES + 1)
    parts: list[str] = []
    for ours, theirs, base in zip(candidate, full, before, strict=True):
        rows = random.integers(len(base), size=(RESAMPLES, len(base)))
        drawn = [(each - base)[rows].mean(axis=1) for each in (ours, theirs)]
        means = [(each - base).mean() for each in (ours, theirs)]
        mine += np.append(drawn[0], means[0])
        whole += np.append(drawn[1], means[1])
        parts.append(f"{means[0] / means[1]:.0%}")
    share = mine / whole
    low, high = np.quantile(share[:-1], [0.025, 0.975])
    return f"{share[-1]:.0%} ({low:.0%} to {high:.0%}); {', '.join(parts)}"


if __name__ == "__main__":
    main()
