"""Lets everybody have a turn, round after round."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, count
from pathlib import Path
from typing import NamedTuple

from benchmarks.alone import Scores, score_texts
from benchmarks.effort import CLASSIFIER, CLASSIFY, EXPORT, LENGTHS, MODEL, SKLEARN, Effort
from benchmarks.inquiries import texts
from benchmarks.lines import decide_lines
from benchmarks.stock import Decision
from benchmarks.stock_training import Trained
from benchmarks.turn import Contestant, Turn, take_turn
from benchmarks.work import Chosen, Work, stock_works, works
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

    def stock_works(self, stock: Trained) -> dict[str, Work]:
        """Give the work of those that have the stock pipeline."""

        @cache
        def decide(place: int) -> Decision:
            return stock.export.decide([self.texts[place]])[0]

        return stock_works(self.works[CLASSIFIER], decide)


@dataclass(frozen=True)
class Bench:
    """Where turns are taken: the broker, those that wait on it, and a folder for files."""

    servers: str
    contestants: Sequence[Contestant]
    folder: Path
    model: Model
    stock: Trained
    effort: Effort

    def rounds(self, decider: Decider, on_step: OnStep) -> list[Round]:
        """Measure; a first, smaller round of one length warms everything up and does not count.

        Raises:
            TriageError: A contestant has ended, or its answers are not what they should be.
        """
        loads = [Load(length, self.model, decider) for length in LENGTHS]
        firsts = count(0, NUMBERS)
        rounds: list[Round] = []
        on_step("Warming up")
        dict(self._turns(loads[0], firsts, self.effort.to_warm_up()))
        for number in range(self.effort.rounds):
            on_step("Measuring, round by round", number, self.effort.rounds)
            turns = chain.from_iterable(self._turns(load, firsts, self.effort) for load in loads)
            rounds.append(dict(turns))
        return rounds

    def _turns(
        self, load: Load, firsts: Iterator[int], effort: Effort
    ) -> Iterator[tuple[Case, Turn]]:
        works = load.works | load.stock_works(self.stock)
        for contestant in self.contestants:
            first = next(firsts)
            numbers = range(first, first + effort.records[contestant.name])
            turn = take_turn(self.servers, contestant, works[contestant.name], numbers)
            yield Case(contestant.name, load.length), asyncio.run(turn)
        lines = decide_lines(self.folder, load.texts, load.chosen, effort.lines)
        yield Case(CLASSIFY, load.length), lines
        for name, model in self._models().items():
            alone = score_texts(model, load.texts, effort.texts[name])
            yield Case(name, load.length), alone

    def _models(self) -> dict[str, Scores]:
        return {
            MODEL: self.model,
            SKLEARN: self.stock.pipeline,
            EXPORT: self.stock.export,
        }
