"""Lessons made up for tests, and a model that says of each what it is told to say."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import msgspec
import numpy as np

from services.messages.lesson import Lesson
from services.model.scorer import Scores
from services.training.data.dataset import Dataset
from services.training.data.lessons import Lessons

FIRST_DAY = date(2026, 1, 1)


class Answer(NamedTuple):
    """What a model says of a text: its first choice, how sure it is, and how likely the flag is."""

    department: str
    sure: float = 0.9
    danger: float = 0.0
    in_remit: float = 0.9


class Told:
    """A model that gives the answers it was told to give."""

    flags = ("danger",)

    def __init__(self, name: str, labels: Sequence[str], answers: Mapping[str, Answer]) -> None:
        self.name, self.version, self.labels = name, "1", tuple(labels)
        self._answers = answers

    def score(self, texts: Sequence[str]) -> Scores:
        answers = [self._answers[text] for text in texts]
        others = len(self.labels) - 1
        return SimpleNamespace(
            probabilities=np.array(
                [
                    [
                        a.sure if name == a.department else (1 - a.sure) / others
                        for name in self.labels
                    ]
                    for a in answers
                ]
            ),
            in_remit=np.array([a.in_remit for a in answers]),
            flags=np.array([[a.danger] for a in answers]),
        )


def text_of(number: int) -> str:
    """Return a text that shares no words with another number's."""
    return " ".join(f"{word}{number}x" for word in ("why", "has", "nobody", "come", "yet", "about"))


def lessons_of(  # what a file of lessons has, a column each
    departments: Sequence[str],
    *,
    weights: Sequence[float] | None = None,
    flags: Sequence[str] | None = None,
    channels: Sequence[str] | None = None,
    kinds: Sequence[str] | None = None,
) -> Lessons:
    """Return lessons, one a day, whose texts are those of the numbers from 0 on."""
    size = len(departments)
    data = Dataset(
        texts=[text_of(n) for n in range(size)],
        labels=[frozenset(filter(None, [each])) for each in departments],
        dates=[FIRST_DAY + timedelta(days=n) for n in range(size)],
        flags=None if flags is None else [frozenset(filter(None, [each])) for each in flags],
        groups={
            "kind": kinds or ["review"] * size,
            "mode": ["blind"] * size,
            "channel": channels or [""] * size,
            "language": [""] * size,
        },
        weights=weights,
    )
    return Lessons("lessons.jsonl", data, returned=0)


def a_lesson(number: int, department: str = "tax", **fields: object) -> Lesson:
    """Return a lesson of its own day and text."""
    day = FIRST_DAY + timedelta(days=number)
    values = {"text": text_of(number), "at": day.isoformat(), "kind": "review", **fields}
    return msgspec.convert({**values, "department": department}, Lesson)


def write_lessons(path: Path, lessons: Sequence[Lesson]) -> Path:
    """Write lessons, a line each."""
    path.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in lessons))
    return path
