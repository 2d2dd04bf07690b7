"""`triage classify`: files or standard input to decisions on standard output."""

import fileinput
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from services.app.garbage_collection import collect_less_often
from services.classifier.settings import ClassifierSettings
from services.errors import ConfigurationError
from services.model.explanation import explain, explain_flag
from services.model.text_model import load_model
from services.offline.decisions import Decisions, Reasoning
from services.router.app import create_decider
from services.router.settings import RouterSettings
from services.settings import read_settings

BATCH_LINES = 1_000


def classify_files(files: Sequence[Path], *, explained: bool) -> int:
    """Decide every line, with the reasons if `explained`, and give how many were bad.

    Raises:
        ConfigurationError: A file cannot be read, or model or routing table are wrong.
    """
    classifier = read_settings(ClassifierSettings)
    router = read_settings(RouterSettings).model_copy(update={"models": (classifier.model,)})
    model = load_model(classifier.model, threads=classifier.threads)
    batch = 1 if sys.stdin.isatty() and not files else BATCH_LINES
    reasons = Reasoning(partial(explain, model), partial(explain_flag, model))
    collect_less_often()
    decisions = Decisions(model, create_decider(router), batch, reasons if explained else None)
    try:
        with fileinput.input([str(file) for file in files], mode="rb") as lines:
            for decision in decisions.of(lines, datetime.now(UTC)):
                sys.stdout.buffer.write(decision + b"\n")
                if batch == 1:
                    sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ConfigurationError(
            f"{error.filename} cannot be read ({error.strerror}): name a file that can."
        ) from None
    return decisions.bad
