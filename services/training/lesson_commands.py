"""`triage compare` and `triage thresholds`: what they do, show and write."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import msgspec
from rich.console import Console

from services.model.manifest import FlagThreshold, Source, Threshold, Thresholds, promised_limits
from services.model.text_model import Model, load_model
from services.training.console import working, write
from services.training.data.columns import Columns
from services.training.data.dataset import Dataset, read_dataset
from services.training.data.lessons import (
    Lessons,
    doubts,
    newest,
    not_made_from,
    read_lessons,
    until_day,
    without_learnt,
)
from services.training.evaluate.compare import Contestant, compare
from services.training.evaluate.comparison import Compared, Comparison, Verdict
from services.training.evaluate.comparison_report import cautions, render_comparison
from services.training.export.model_folder import save_promising
from services.training.rethreshold import Promise, pick_anew

EXIT_CODES: Mapping[Verdict, int] = {"better": 0, "no worse": 0, "worse": 1, "too few to say": 3}


def compare_models(  # noqa: PLR0913 - an option of the command each
    champion: Path,
    candidate: Path,
    path: Path,
    *,
    share: float,
    learnt: Sequence[Path],
    columns: Columns,
    seed: int,
    json: Path | None,
    html: Path | None,
) -> int:
    """Judge a candidate against the champion, print the verdict, and return its exit code.

    Raises:
        ConfigurationError: A model, the lessons or a file to write to are wrong, or a model was
            made from the lessons that would judge it.
    """
    console = Console(markup=False)
    with working(console) as (progress, task):
        progress.update(task, description="Reading the lessons")
        lessons, older = newest(read_lessons(path), share)
        models = [load_model(folder, threads=1) for folder in (champion, candidate)]
        lessons, own = not_made_from(path, lessons, [model.manifest for model in models])
        progress.update(task, description="Looking for texts that the models have learnt")
        lessons = without_learnt(lessons, [older, own, *_learnt(learnt, columns)])
        progress.update(task, description=f"Judging both on {len(lessons.data):,} lessons")
        before, after = (_contestant(model) for model in models)
        found = compare(before, after, lessons, seed=seed)
    for line in _described(found):
        console.print(line, soft_wrap=True)
    if json:
        write(json, msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
    if html:
        write(html, render_comparison(found).encode())
    return EXIT_CODES[found.verdict]


def pick_thresholds(  # noqa: PLR0913 - an option of the command each
    folder: Path,
    path: Path,
    out: Path,
    *,
    promise: Promise,
    until: date | None,
    learnt: Sequence[Path],
    columns: Columns,
) -> None:
    """Pick a model's thresholds anew from lessons, and write them as another version of it.

    Raises:
        ConfigurationError: The model or the lessons are wrong or too few, the model was made from
            them, or the folder cannot be written.
    """
    console = Console(markup=False)
    with working(console) as (progress, task):
        progress.update(task, description="Reading the lessons")
        lessons = until_day(read_lessons(path), until)
        model = load_model(folder, threads=1)
        promised = model.manifest.thresholds
        lessons, own = not_made_from(path, lessons, [model.manifest])
        lessons = without_learnt(lessons, [own, *_learnt(learnt, columns)])
        progress.update(task, description=f"Picking thresholds on {len(lessons.data):,} lessons")
        picked, kept = pick_anew(model, promised, lessons, promise)
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        source = Source(file=path.name, sha256=content, used_for="thresholds", until=until)
        manifest = save_promising(out, folder, picked, (source,))
    console.print(
        f"{model.name} {model.version} is {manifest.version} now, by {_counted(lessons)}:",
        soft_wrap=True,
    )
    said = *_moved(promised, picked, kept), *_doubts_about(picked)
    for line in (*said, *doubts(lessons.kinds, lessons.modes)):
        console.print(line, soft_wrap=True)
    console.print(f"Written to {out}.", soft_wrap=True)


def _contestant(model: Model) -> Contestant:
    manifest = model.manifest
    return Contestant(model, promised_limits(manifest), manifest.thresholds.precision)


def _learnt(paths: Sequence[Path], columns: Columns) -> Iterator[Dataset]:
    if paths:
        yield read_dataset(paths, columns)


def _counted(lessons: Lessons) -> str:
    kinds = ", ".join(f"{count:,} {kind or 'others'}" for kind, count in lessons.kinds.items())
    return (
        f"{len(lessons.data):,} lessons ({kinds}), worth {lessons.effective:,.0f} of equal weight"
    )


def _moved(before: Thresholds, after: Thresholds, kept: Sequence[str]) -> Iterator[str]:
    """Say what each threshold was, and what it is now."""
    moved = {
        name: (_told(before.departments[name]), _told(now))
        for name, now in after.departments.items()
    }
    moved["in remit"] = f"{before.in_remit:.3f}", f"{after.in_remit:.3f}"
    for name, flag in after.flags.items():
        now = "as it was, for too few lessons have it" if name in kept else _told(flag)
        moved[f"flag {name}"] = _told(before.flags[name]), now
    width = max(map(len, moved))
    for name, (was, now) in moved.items():
        yield f"  {name:{width}} {was:>16} -> {now}"


def _doubts_about(picked: Thresholds) -> Iterator[str]:
    """Say where the new version would send nothing by itself."""
    if not any(picked.departments.values()):
        yield (
            f"A person decides everything with this version, since the lessons show "
            f"{picked.precision:.1%} for no department: give more, or ask for less with "
            "--precision."
        )


def _told(threshold: Threshold | FlagThreshold | None) -> str:
    return f"{threshold.probability:.3f}" if threshold else "a person decides"


def _described(found: Comparison) -> Iterator[str]:
    yield (
        f"{' '.join(found.candidate)} against {' '.join(found.champion)}, on {found.lessons:,} "
        f"lessons from {found.first} to {found.last}:"
    )
    for each in found.compared:
        if not each.kind:
            yield f"  {each.figure:24} {_shares(each)}"
    yield from cautions(found)
    yield f"Verdict: {found.sentence}."


def _shares(each: Compared) -> str:
    before, after = ("-" if v is None else f"{v:.3f}" for v in (each.champion, each.candidate))
    if each.difference is None:
        return f"{before:>6} -> {after:<6} {each.says}"
    value, low, high = (100 * bound for bound in each.difference)
    points = f"{value:+.1f} points ({low:+.1f} to {high:+.1f})"
    return f"{before:>6} -> {after:<6} {points:32} {each.says}"
