"""A histogram that takes a batch at a time: the client library's takes each value by itself."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString


class BatchHistogram(Collector):
    """Counts values by bucket, for each combination of label values.

    Args:
        name: Of the metric.
        meaning: What it means.
        labels: Names; without any there is one series, from the start.
        unit: With which the name ends, or nothing.
        bounds: The upper bounds of the buckets, ascending; one without a bound comes after them.
    """

    def __init__(
        self, name: str, meaning: str, labels: Sequence[str], unit: str, bounds: Sequence[float]
    ) -> None:
        self._name, self._meaning, self._labels, self._unit = name, meaning, labels, unit
        self._bounds = tuple(bounds)
        self._series: dict[tuple[str, ...], _Series] = {}
        if not labels:
            self.observe(())

    def observe(self, values: Sequence[float], *labels: str) -> None:
        """Count each value; without values, show that there is such a series."""
        series = self._series.get(labels)
        if series is None:
            series = self._series[labels] = _Series([0] * (len(self._bounds) + 1))
        series.count(values, self._bounds)

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Return the buckets of each series, each with all that is below its bound."""
        family = HistogramMetricFamily(
            self._name, self._meaning, labels=self._labels, unit=self._unit
        )
        names = list(map(floatToGoString, (*self._bounds, float("inf"))))
        for labels, series in self._series.items():
            buckets = list(zip(names, accumulate(series.counts), strict=True))
            family.add_metric(labels, buckets, series.sum)
        yield family


class _Series:
    """The values of one combination of labels: how many fell into each bucket, and their sum."""

    def __init__(self, counts: list[int]) -> None:
        self.counts = counts
        self.sum = 0.0

    def count(self, values: Sequence[float], bounds: Sequence[float]) -> None:
        for place, count in Counter([bisect_left(bounds, value) for value in values]).items():
            self.counts[place] += count
        self.sum += sum(values)
