"""`triage train` and `triage evaluate`: what they show while they work, and at the end."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from services.errors import ConfigurationError
from services.model.manifest import FlagThreshold, Manifest, promised_limits
from services.model.text_model import load_model
from services.training.console import working, write
from services.training.data.dataset import Columns, check_columns, read_dataset
from services.training.data.training_set import Request
from services.training.data.unseen import unseen_of
from services.training.evaluate.evaluation import Flagged, Slice
from services.training.evaluate.measure import Files, evaluate
from services.training.evaluate.report import cautions, render
from services.training.export.model_folder import Trained
from services.training.train import train


def train_model(request: Request) -> None:
    """Train a model, show what is being done, and print the figures.

    Raises:
        ConfigurationError: The data or the request are wrong.
    """
    console = Console(markup=False)
    with working(console) as (progress, task):
        trained = train(
            request,
            lambda step: progress.update(task, description=step),
            lambda sentence: console.print(sentence, soft_wrap=True),
        )
    console.print(f"Measured on {trained.figures['texts']:,} texts that each fit had not seen:")
    _show(console, {name: each for name, each in trained.figures.items() if name != "texts"})
    for sentence in promised_of(trained.thresholds.flags, request.recall):
        console.print(sentence, soft_wrap=True)
    _show_silent(console, trained)
    for line in _on_valid(trained.training):
        console.print(line)
    console.print(f"Written to {request.out}.", soft_wrap=True)


def evaluate_model(  # noqa: PLR0913, PLR0917 - an option of the command each
    folder: Path,
    data: Sequence[Path],
    columns: Columns,
    json: Path | None,
    html: Path | None,
    trained_on: Sequence[Path] = (),
) -> None:
    """Measure a model, print the figures, and write them where that was asked for.

    Texts that stand in the files of `trained_on`, exactly or nearly, are left out.

    Raises:
        ConfigurationError: Model, data or a file to write to are wrong.
    """
    console = Console(markup=False)
    model = load_model(folder, threads=1)
    texts = read_dataset(data, columns)
    check_columns(data, [texts], columns)
    if missing := next((name for name in columns.groups if not any(texts.groups[name])), None):
        named = ", ".join(map(str, data))
        raise ConfigurationError(
            f"{named} has no column {missing}, or nothing in it: leave it out of --by."
        )
    given = len(texts)
    with working(console) as (progress, task):
        if trained_on:
            progress.update(task, description="Looking for texts that the model has learnt")
            learnt = read_dataset(trained_on, Columns(columns.text, columns.label))
            texts = unseen_of(texts, learnt)
        progress.update(task, description=f"Measuring on {len(texts):,} texts")
        limits = promised_limits(model.manifest)
        files = Files(
            names=tuple(path.name for path in data),
            fitted_to=() if trained_on else tuple(_fitted_to(model.manifest, data)),
            left_out=given - len(texts),
        )
        found = evaluate(model, limits, texts, files)
    console.print(f"{found.model} {found.version} on {found.texts:,} texts:")
    _show(console, found.figures)
    _show_parts(console, found.slices, columns.groups)
    _show_flagged(console, found.flagged)
    for caution in cautions(found):
        console.print(caution)
    if json:
        write(json, msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
    if html:
        write(html, render(found).encode())


def _fitted_to(manifest: Manifest, data: Sequence[Path]) -> Iterator[str]:
    """Return those of the files that the model was fitted to, in whichever way."""
    sums = {source.sha256: source.used_for for source in manifest.sources}
    for path in data:
        if used_for := sums.get(hashlib.sha256(path.read_bytes()).hexdigest()):
            yield f"{path.name} ({used_for})"


def promised_of(flags: Mapping[str, FlagThreshold], recall: float) -> Iterator[str]:
    """Say of each flag from which probability it is raised, and what that finds and what it costs.

    Args:
        flags: The thresholds, by flag.
        recall: The share that was asked for; false alarms may have stood against it.
    """
    for name, each in flags.items():
        short = f" (less than the {recall:.1%} asked for)" if each.recall < recall else ""
        yield (
            f"The flag {name} is raised from {each.probability:g} on: that finds {each.recall:.1%} "
            f"of {each.rows:,} rows{short}, with {each.false_alarms:.1%} false alarms."
        )


def _show(console: Console, figures: Mapping[str, Sequence[float]]) -> None:
    for name, figure in figures.items():
        console.print(f"  {name.replace('_', ' '):23} {_with_interval(figure)}")


def _show_parts(console: Console, slices: Iterable[Slice], by: Sequence[str]) -> None:
    for each in slices:
        if each.kind in by:
            part, accuracy = f"{each.kind}, {each.name}", _with_interval(each.accuracy)
            console.print(f"  {part:32} accuracy {accuracy} on {each.texts:,}")


def _with_interval(figure: Sequence[float]) -> str:
    value, low, high = figure
    return f"{value:.3f} ({low:.3f} to {high:.3f})"


def _show_flagged(console: Console, flagged: Sequence[Flagged]) -> None:
    for each in flagged:
        if each.column:
            group = f"{each.flag}, {each.column} {each.group or 'none'}"
            console.print(f"  {group:32} {each.found:,} of {each.texts:,} found")


def _show_silent(console: Console, trained: Trained) -> None:
    promised = trained.thresholds.departments
    if silent := [label for label, threshold in promised.items() if threshold is None]:
        console.print(f"Too few to promise anything, so a person decides: {', '.join(silent)}.")


def _on_valid(training: Mapping[str, Any]) -> Iterator[str]:
    """Say what of the validation texts judged nothing, and what judges better than it will be."""
    rows, left_out = training["rows_of_valid"], training["left_out_of_valid"]
    if left_out:
        yield (
            f"Left out {left_out:,} of {rows + left_out:,} rows of --valid: they stand in --data, "
            "exactly or nearly."
        )
    if not_later := training["not_later_in_valid"]:
        yield (
            f"No later than the last row of --data are {not_later:,} of the {rows:,} rows of "
            "--valid that judge: on what is yet to come the model is less good than on these."
        )
