"""Lets everybody have a turn, round after round."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import NamedTuple

from benchmarks.alone import score_texts
from benchmarks.effort import CLASSIFY, LENGTHS, MODEL, Effort
from benchmarks.inquiries import texts
from benchmarks.lines import decide_lines
from benchmarks.turn import Contestant, Turn, take_turn
from benchmarks.work import Chosen, works
from services.classifier.model import Model
from services.local.steps import OnStep
from services.router.decide import Decider

# Different texts of one length; more would not change what a text costs.
TEXTS = 4_096
# No number comes twice, and so no key: more than any turn has.
NUMBERS = 1_000_000


class Case(NamedTuple):
    """Who has a turn, and with inquiries of how many characters."""

    name: str
    length: int


Round = dict[Case, Turn]


class Load:
    """Inquiries of one length, and what everybody has to do with them."""

    def __init__(self, length: int, model: Model, decider: Decider) -> None:
        self.length = length
        self.texts = texts(length, TEXTS)
        self.chosen = Chosen(model, self.texts)
        self.works = works(self.texts, self.chosen, model, decider)


@dataclass(frozen=True)
class Bench:
    """Where turns are taken: the broker, those that wait on it, and a folder for files."""

    servers: str
    contestants: Sequence[Contestant]
    folder: Path
    model: Model
    effort: Effort

    def rounds(self, decider: Decider, on_step: OnStep) -> list[Round]:
        """Measure; the first round warms everything up and does not count.

        Raises:
            TriageError: A contestant has ended, or its answers are not what they should be.
        """
        loads = [Load(length, self.model, decider) for length in LENGTHS]
        firsts = count(0, NUMBERS)
        rounds: list[Round] = []
        for number in range(self.effort.rounds + 1):
            on_step("Measuring, round by round", number, self.effort.rounds + 1)
            rounds.append(
                {case: turn for load in loads for case, turn in self._turns(load, firsts)}
            )
        return rounds[1:]

    def _turns(self, load: Load, firsts: Iterator[int]) -> Iterator[tuple[Case, Turn]]:
        for contestant in self.contestants:
            first = next(firsts)
            numbers = range(first, first + self.effort.records[contestant.name])
            turn = take_turn(self.servers, contestant, load.works[contestant.name], numbers)
            yield Case(contestant.name, load.length), asyncio.run(turn)
        lines = decide_lines(self.folder, load.texts, load.chosen, self.effort.lines)
        yield Case(CLASSIFY, load.length), lines
        alone = score_texts(self.model, load.texts, self.effort.texts)
        yield Case(MODEL, load.length), alone
