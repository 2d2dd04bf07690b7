"""Lets every contestant run, round after round."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import chain, count

from benchmarks.contestants import LENGTHS, Name, Size
from benchmarks.kafka_runs import run_on_kafka
from benchmarks.processes import SCRIPTS, Contestant, contestant, create_topics_of, start
from benchmarks.runs import Case, Round, Run
from benchmarks.runs_without_kafka import Scores, classify_lines, score_texts
from benchmarks.sklearn_baseline import Baseline
from benchmarks.testbed import Testbed
from benchmarks.workloads import Inquiries, Workload, to_decide

# No number comes twice, and so no key: more than any run has.
NUMBERS = 1_000_000
WITH_BASELINE = (Name.FASTSTREAM, Name.FASTSTREAM_WORKERS)


@dataclass(frozen=True)
class Bench:
    """Measures all contestants, in rounds of a size."""

    bed: Testbed
    baseline: Baseline
    size: Size

    def rounds(self) -> Iterator[Round]:
        """Measure; a first, smaller round of one length warms everything up and does not count."""
        firsts = count(0, NUMBERS)
        inquiries = [Inquiries(length, self.bed.model, self.bed.decider) for length in LENGTHS]
        self.bed.on_step("Starting the contestants")
        with ExitStack() as stack:
            on_kafka = self._start(stack)
            self.bed.on_step("Warming up")
            warm_up = replace(self.size, part=self.size.part / 4)
            dict(self._runs(on_kafka, inquiries[0], firsts, warm_up))
            for number in range(self.size.rounds):
                self.bed.on_step("Measuring, round by round", number, self.size.rounds)
                runs = [self._runs(on_kafka, each, firsts, self.size) for each in inquiries]
                yield dict(chain.from_iterable(runs))

    def _start(self, stack: ExitStack) -> Mapping[Name, Contestant]:
        """Start all contestants; `stack` stops them."""
        exported = self.bed.plan.classifier.model_copy(update={"model": self.baseline.path})
        with_baseline = replace(self.bed.plan, classifier=exported)
        started = {}
        for name in (Name.CLASSIFIER, Name.TWO_CLASSIFIERS, Name.ROUTER, *SCRIPTS):
            plan = with_baseline if name in WITH_BASELINE else self.bed.plan
            replicas = 2 if name is Name.TWO_CLASSIFIERS else 1
            started[name] = contestant(name, plan, self.bed.folder, replicas)
            asyncio.run(create_topics_of(started[name]))
        start(stack, *started.values())
        passing = dict.fromkeys(
            (Name.PASSTHROUGH, Name.PASSTHROUGH_CLASSIFIED), started[Name.PASSTHROUGH]
        )
        return passing | started

    def _runs(
        self,
        on_kafka: Mapping[Name, Contestant],
        inquiries: Inquiries,
        firsts: Iterator[int],
        size: Size,
    ) -> Iterator[tuple[Case, Run]]:
        length = inquiries.length
        for name, each in on_kafka.items():
            first = next(firsts)
            numbers = range(first, first + size.count(name))
            run = run_on_kafka(each, self._workload(name, inquiries), numbers)
            yield Case(name, length), asyncio.run(run)
        # As many to warm up: of fewer, the command would be done before the clocks are read.
        lines = self.size.count(Name.CLASSIFY)
        yield Case(Name.CLASSIFY, length), classify_lines(self.bed.folder, inquiries, lines)
        for name, model in self._models().items():
            yield Case(name, length), score_texts(model, inquiries.texts, size.count(name))

    def _models(self) -> dict[Name, Scores]:
        baseline = self.baseline
        return {Name.MODEL: self.bed.model, Name.SKLEARN: baseline, Name.EXPORT: baseline.export}

    def _workload(self, name: Name, inquiries: Inquiries) -> Workload:
        if name in WITH_BASELINE:
            return to_decide(inquiries.received, self.baseline.export.decide(inquiries.texts))
        return inquiries.given_to(name)
