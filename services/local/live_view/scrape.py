"""One look at a service's `/metrics`."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample


@dataclass(frozen=True)
class Scrape:
    """A service's metrics by their names, at a time in seconds since 1970."""

    at: float
    samples: Mapping[str, Sequence[Sample]]

    def total(self, name: str, **labels: str) -> float:
        """Add up the samples of a name that have these labels; 0 where there are none."""
        return sum(
            sample.value
            for sample in self.samples.get(name, ())
            if labels.items() <= sample.labels.items()
        )

    def by(self, name: str, label: str, **labels: str) -> Mapping[str, float]:
        """Add up the samples of a name that have these labels, by the values of another one."""
        values = {sample.labels[label] for sample in self.samples.get(name, ())}
        return {value: self.total(name, **labels, **{label: value}) for value in sorted(values)}


def read_scrape(text: str, at: float) -> Scrape:
    """Read the text that a service answers with."""
    samples: dict[str, list[Sample]] = defaultdict(list)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            samples[sample.name].append(sample)
    return Scrape(at, samples)
