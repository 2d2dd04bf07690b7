"""`triage classify`: files or standard input to decisions on standard output."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from services.app.garbage_collection import collect_less_often
from services.classifier.settings import ClassifierSettings
from services.kafka.settings import KafkaSettings
from services.model.explanation import explain, explain_flag
from services.model.text_model import load_model
from services.offline.decisions import Decisions, Reasoning
from services.offline.lines import lines_of
from services.router.app import create_decider
from services.router.settings import RouterSettings
from services.settings import read_settings

BATCH_LINES = 1_000


def classify_files(files: Sequence[Path], *, explained: bool) -> int:
    """Decide every inquiry, with the reasons if `explained`, and give how many were bad.

    Topics have the installation's prefix.

    Raises:
        ConfigurationError: A file cannot be read or has no inquiries line by line, or a setting,
            the model or the routing table is wrong.
    """
    classifier = read_settings(ClassifierSettings)
    router = read_settings(RouterSettings).model_copy(update={"models": (classifier.model,)})
    model = load_model(classifier.model, threads=classifier.threads)
    batch = 1 if sys.stdin.isatty() and not files else BATCH_LINES
    reasons = Reasoning(partial(explain, model), partial(explain_flag, model))
    collect_less_often()
    prefix = read_settings(KafkaSettings).topic_prefix
    decisions = Decisions(
        model, create_decider(router, prefix), batch, reasons if explained else None
    )
    for decision in decisions.of(lines_of(files), datetime.now(UTC)):
        sys.stdout.buffer.write(decision + b"\n")
        if batch == 1:
            sys.stdout.flush()
    return decisions.bad
