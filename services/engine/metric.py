"""What a metric is: a line of the list that a service documents, and how it is made from that."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import prometheus_client
from prometheus_client import CollectorRegistry

from services.engine.batch_histogram import BatchHistogram


@dataclass(frozen=True)
class Metric:
    """A metric by the name under which it is scraped.

    Where its name ends with a unit, that is `unit`, as OpenMetrics asks for. No label may take
    values without end: none is ever an id or a word of an inquiry.
    """

    kind: ClassVar[str]

    name: str
    meaning: str
    labels: Sequence[str] = ()
    unit: str = ""


class Counter(Metric):
    """Counts what happened since the process was started."""

    kind = "counter"

    def on(self, registry: CollectorRegistry) -> prometheus_client.Counter:
        """Make it, to be scraped from a registry."""
        return prometheus_client.Counter(
            self.name, self.meaning, self.labels, unit=self.unit, registry=registry
        )


class Gauge(Metric):
    """Tells what is so now."""

    kind = "gauge"

    def on(self, registry: CollectorRegistry) -> prometheus_client.Gauge:
        """Make it, to be scraped from a registry."""
        return prometheus_client.Gauge(
            self.name, self.meaning, self.labels, unit=self.unit, registry=registry
        )


@dataclass(frozen=True)
class Histogram(Metric):
    """Counts values by bucket; `bounds` are the upper bounds, ascending, all but infinity."""

    kind = "histogram"

    bounds: Sequence[float] = ()

    def on(self, registry: CollectorRegistry) -> BatchHistogram:
        """Make it, to be scraped from a registry."""
        made = BatchHistogram(self.name, self.meaning, self.labels, self.unit, self.bounds)
        registry.register(made)
        return made
