"""A histogram that takes a batch at a time: the client library's takes each value by itself."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString


class BatchHistogram(Collector):
    """Counts values by bucket.

    Args:
        name: Of the metric.
        documentation: What it means.
        bounds: The upper bounds of the buckets, ascending; one without a bound comes after them.
        registry: Where it is scraped.
    """

    def __init__(
        self,
        name: str,
        documentation: str,
        bounds: Sequence[float],
        registry: CollectorRegistry,
    ) -> None:
        self._name, self._documentation = name, documentation
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0
        registry.register(self)

    def observe(self, values: Sequence[float]) -> None:
        """Count each value."""
        bounds = self._bounds
        for place, count in Counter([bisect_left(bounds, value) for value in values]).items():
            self._counts[place] += count
        self._sum += sum(values)

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Give the buckets, each with all that is below its bound."""
        names = map(floatToGoString, (*self._bounds, float("inf")))
        buckets = list(zip(names, accumulate(self._counts), strict=True))
        yield HistogramMetricFamily(
            self._name, self._documentation, buckets=buckets, sum_value=self._sum
        )
