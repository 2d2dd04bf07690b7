"""What the shipped model and routing table decide of the corpus, and of the demo's examples."""

import gzip
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from services.classifier.classify import classify
from services.local.examples import EXAMPLES
from services.messages.decision import Classification, Route
from services.messages.inquiry import Inquiry
from services.model.text_model import load_model
from services.router.app import create_decider
from services.router.settings import RouterSettings
from services.training.evaluate.figures import Choices, calibration_error, remit_auroc

CORPUS = Path("models", "uk-departments", "inquiries")
NOW = datetime(2026, 11, 28, tzinfo=UTC)

Row = tuple[str, str, str]


class Asked(NamedTuple):
    """An inquiry, what is right for it, and what it is."""

    inquiry: Inquiry
    departments: frozenset[str]
    flags: frozenset[str] = frozenset()
    kind: str = ""
    wording: str = ""
    welsh: bool = False
    subject: str = ""


class Decided(NamedTuple):
    """An inquiry with what the model and the routing table make of it."""

    asked: Asked
    classification: Classification
    route: Route

    @property
    def right(self) -> bool:
        """Whether the first choice is a right one."""
        return self.classification.department in self.asked.departments

    @property
    def by_itself(self) -> bool:
        """Whether it goes to a department without a person."""
        return self.route.reason == "confident"


def corpus_rows(part: str) -> Iterator[Row]:
    """Measure the shipped model on a part of the corpus."""
    of, decided = f"corpus {part}", decide(_corpus(part))
    english = [each for each in decided if not each.asked.welsh]
    meant = [each for each in english if each.asked.departments and not each.asked.flags]
    yield from _choices(of, meant)
    met = {each.subject for each in _corpus("met")}
    alone = [each for each in meant if "|" not in each.asked.subject]
    for what, learnt in (("matters that it learnt of", True), ("matters it never met", False)):
        those = [each for each in alone if (each.asked.subject in met) == learnt]
        yield from _choices(f"{of}, {what}", those)
    nobody = [each for each in english if each.asked.kind in {"elsewhere", "unclear"}]
    sent = _share([each.by_itself for each in nobody])
    yield f"nobody's and unclear ones sent to a department, {of}", "at most 5 %", sent
    both = [*meant, *nobody]
    auroc = remit_auroc(
        np.array([each.classification.in_remit for each in both]),
        np.array([bool(each.asked.departments) for each in both]),
    )
    yield f"remit AUROC, {of}", "at least 0.93", f"{auroc:.3f}"
    yield from _flags(of, english)
    welsh = [each for each in decided if each.asked.welsh]
    known = [each.route.rule == "welsh" or each.route.reason == "rule" for each in welsh]
    yield f"Welsh that a person sees, {of}", "", _share(known)
    yield from (
        (f"Welsh: {what}", goal, value)
        for what, goal, value in _choices(of, [each for each in welsh if each.asked.departments])
        if what.startswith("accuracy")
    )


def decision_rows(of: str, asked: Sequence[Asked], model: Path = CORPUS.parent) -> Iterator[Row]:
    """Measure a model on inquiries with departments."""
    yield from _choices(of, [each for each in decide(asked, model) if each.asked.departments])


def department_inquiries(part: str) -> list[Asked]:
    """Return the English inquiries of a part that are meant for a department, without flags."""
    return [
        each for each in _corpus(part) if each.departments and not each.flags and not each.welsh
    ]


def decide(asked: Sequence[Asked], folder: Path = CORPUS.parent) -> list[Decided]:
    """Decide each inquiry as classifier and router do with the model in a folder."""
    model = load_model(folder, threads=1)
    decider = create_decider(RouterSettings(models=(folder,)))
    inquiries = [each.inquiry for each in asked]
    return [
        Decided(each, classification, decider.decide(each.inquiry, classification, NOW))
        for each, classification in zip(asked, classify(inquiries, model, NOW), strict=True)
    ]


def example_inquiries() -> list[Asked]:
    """Return the examples of the demo that are meant for a department."""
    found = []
    for line in EXAMPLES.read_text(encoding="utf-8").splitlines():
        try:
            fields = json.loads(line)
            meant = fields["attributes"]["example"]
        except (ValueError, KeyError, TypeError):
            continue  # some are no inquiries, on purpose
        if meant.startswith(("department-", "ministry-", "home-", "hm-", "foreign-", "cabinet-")):
            inquiry = Inquiry(
                id=fields["id"],
                text=fields["text"],
                subject=fields.get("subject"),
                language=fields.get("language"),
            )
            found.append(Asked(inquiry, frozenset([meant])))
    return found


def _corpus(part: str) -> list[Asked]:
    with gzip.open(CORPUS / f"{part}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [_asked(json.loads(line)) for line in lines]


def _asked(row: dict[str, str]) -> Asked:
    return Asked(
        inquiry=Inquiry(id=row["id"], text=row["text"] or " "),
        departments=_names(row["department"]),
        flags=_names(row["flags"]),
        kind=row["kind"],
        wording=row["wording"],
        welsh=row["language"] == "cy",
        subject=row["subject"],
    )


def _names(cell: str) -> frozenset[str]:
    return frozenset(filter(None, cell.split("|")))


def _choices(of: str, decided: Sequence[Decided]) -> Iterator[Row]:
    right = np.array([each.right for each in decided])
    sure = np.array([each.classification.probability for each in decided])
    alone = [each for each in decided if each.by_itself]
    yield f"accuracy, {of}", "at least 0.85", f"{right.mean():.3f} of {len(decided):,}"
    yield (
        f"share that goes by itself, {of}",
        "at least 0.60",
        _share([each.by_itself for each in decided]),
    )
    yield f"of those right, {of}", "at least 0.95", _share([each.right for each in alone])
    error = calibration_error(Choices(sure, right))
    yield f"calibration error, {of}", "at most 0.03", f"{error:.3f}"


def _flags(of: str, decided: Sequence[Decided]) -> Iterator[Row]:
    """Say how many of the flagged are found: by the model's flag, or by any rule."""
    for flag, wording, goal in (
        ("danger", "direct", "at least 0.98"),
        ("danger", "indirect", "at least 0.90"),
        ("discrimination", "", "at least 0.90"),
    ):
        those = [
            each
            for each in decided
            if flag in each.asked.flags and wording in {"", each.asked.wording}
        ]
        found = [each.route.reason == "rule" for each in those]
        yield f"{flag} found {wording}, {of}".replace(" ,", ","), goal, _share(found)
        unseen = [each.by_itself for each in those]
        yield f"{flag} sent by itself {wording}, {of}".replace(" ,", ","), "", _share(unseen)
    second = [each for each in decided if "danger" in each.asked.flags and not each.asked.wording]
    found = [each.route.reason == "rule" for each in second]
    yield f"danger found that the second reader saw, {of}", "", _share(found)
    others = [each for each in decided if not each.asked.flags]
    alarms = [each.route.reason == "rule" for each in others]
    yield f"false alarms, {of}", "at most 5 %", _share(alarms)


def _share(hits: Sequence[bool]) -> str:
    return f"{np.mean(hits):.3f} of {len(hits):,}" if hits else "none"
