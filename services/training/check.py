"""`triage check`: what a history looks like, and whether training would take it."""

from collections.abc import Sequence
from pathlib import Path

import typer

from services.errors import ConfigurationError
from services.training.data.columns import Columns
from services.training.data.dataset import faults_of, read_files
from services.training.data.faults import sentences
from services.training.data.file import File
from services.training.data.survey import survey
from services.training.data.training_set import check_trainable


def check_history(paths: Sequence[Path], columns: Columns) -> bool:
    """Print what is in files, and all that training would refuse; say whether it would take them.

    Nothing of a text is printed, and of the names of labels only those that many rows have.
    """
    files, refused = list[File](), list[str]()
    for path in paths:
        try:
            files += read_files([path], columns)
        except ConfigurationError as error:
            refused.append(str(error))
    for line in survey(files, columns):
        typer.echo(line)
    refused += _refused(files, columns, whole=not refused)
    if not refused:
        typer.echo("Training would take this.")
        return True
    typer.echo("Training would refuse this:")
    for sentence in refused:
        typer.echo(f"  {sentence}")
    return False


def _refused(files: Sequence[File], columns: Columns, *, whole: bool) -> Sequence[str]:
    if faults := faults_of(files, columns):
        return sentences(faults)
    if not whole:
        return []
    try:
        check_trainable(files, columns)
    except ConfigurationError as error:
        return [str(error)]
    return []
