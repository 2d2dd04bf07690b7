"""Which inquiries, of those that go to a department by themselves, are copied for an audit.

A draw is a keyed hash of the place of the record that the router read. So it needs no state, and a
batch that is processed again draws the same. Each stratum, which is a department and a band of
probability, has a chance of its own; what is estimated from the copies weighs each by the inverse
of its chance, so that uneven chances cost no truth.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import blake2b
from struct import Struct
from typing import NamedTuple, Self

from services.messages.decision import Band, Classification, Model, Sample
from services.messages.record import Record
from services.router.limits import LimitsByModel


class BandWeight(NamedTuple):
    """A band of probability, and how much more often than by the share it is drawn.

    `up_to` is where it ends: 0 is the department's threshold, 1 certainty.
    """

    band: Band
    up_to: float
    weight: float


# A sample of a given size says most where each stratum is drawn by how uncertain it is (Neyman,
# 1934): right or wrong deviates by √(p(1-p)), with a threshold of 0.86 by some 0.33, 0.26 and 0.13.
# Next to the threshold it is more than that: there is seen whether the threshold is right.
BANDS = (
    BandWeight("near-threshold", 0.25, 2.0),
    BandWeight("middle", 0.75, 1.0),
    BandWeight("sure", 1.0, 0.5),
)
# Bounded, lest all of a department that hardly gets any is copied.
MOST_FOR_SMALL = 4.0
_BITS = 53  # what a float holds
_NUMBERS = Struct(">8Q")
_PLACES = 8  # as many as numbers


def band_of(probability: float, threshold: float) -> Band:
    """Return the band of a probability that reaches its threshold."""
    above, room = probability - threshold, 1 - threshold
    for band, up_to, _ in BANDS:
        if above <= up_to * room:
            return band
    return BANDS[-1].band


def weight_of_department(expected: Mapping[str, float], department: str) -> float:
    """Return how much more often than by the share a department is drawn.

    With the same chance for all, nothing could be said of a small one; with as many from each,
    little of all together. The root of the size is between the two (Bankier, 1988).

    Args:
        expected: The share of all inquiries that the model expects for each department.
        department: One of them; of others nothing is expected.
    """
    even, own = 1 / len(expected), expected.get(department, 0.0)
    return min(MOST_FOR_SMALL, max(1.0, math.sqrt(even / own))) if own else MOST_FOR_SMALL


def chance_of(share: float, weight: float) -> float:
    """Return the chance to be drawn: with a weight of 2 that of two draws, and of all it is all."""
    return 1.0 - math.pow(1.0 - share, weight)


@lru_cache(maxsize=4_096)
def _draws(seed: bytes, topic: str, partition: int, block: int) -> tuple[float, ...]:
    place = f"{topic}/{partition}/{block}".encode()
    digest = blake2b(place, key=seed, digest_size=_NUMBERS.size).digest()
    return tuple((number >> (64 - _BITS)) / (1 << _BITS) for number in _NUMBERS.unpack(digest))


def drawn_at(seed: bytes, record: Record) -> float:
    """Return where a record's place falls by chance: from 0 to 1, without 1, always the same.

    A digest is enough for some places that follow one another.
    """
    block, place = divmod(record.offset, _PLACES)
    return _draws(seed, record.topic, record.partition, block)[place]


def _samples(share: float, weight: float) -> Mapping[Band, Sample]:
    return {
        each.band: Sample(chance=chance_of(share, weight * each.weight), band=each.band)
        for each in BANDS
    }


class Department(NamedTuple):
    """Its threshold, and what a copy says that is drawn in each band."""

    threshold: float
    samples: Mapping[Band, Sample]


@dataclass(frozen=True)
class Sampler:
    """Draws for an audit.

    Args:
        topic: Where copies go.
        max_bytes: How large one may be.
        seed: Of the installation, which is the key of the hash; at most 64 bytes.
        departments: What counts for each, by model.
    """

    topic: str
    max_bytes: int
    seed: bytes
    departments: Mapping[Model, Mapping[str, Department]]

    @classmethod
    def of(  # noqa: PLR0913 - all that a chance is made of
        cls,
        *,
        share: float,
        topic: str,
        max_bytes: int,
        installation: str,
        limits: LimitsByModel,
        expected: Mapping[Model, Mapping[str, float]],
    ) -> Self:
        """Make the sampler of an installation.

        Args:
            share: The chance of what has a weight of 1.
            topic: Where copies go.
            max_bytes: How large one may be.
            installation: What no other installation is called.
            limits: By which classifications are judged.
            expected: The share of all inquiries that each model expects for each department.
        """
        departments = {
            model: {
                label: Department(threshold, _samples(share, weight_of_department(shares, label)))
                for label, threshold in limits[model].thresholds.items()
                if threshold is not None
            }
            for model, shares in expected.items()
        }
        return cls(topic, max_bytes, blake2b(installation.encode()).digest(), departments)

    @cached_property
    def highest(self) -> float:
        """The highest chance that anything has."""
        all_of = (each for labels in self.departments.values() for each in labels.values())
        chances = (sample.chance for each in all_of for sample in each.samples.values())
        return max(chances, default=0.0)

    def sample_of(self, classification: Classification) -> Sample:
        """Return how likely it is drawn, of what its department gets by itself."""
        department = self.departments[classification.model][classification.department]
        return department.samples[band_of(classification.probability, department.threshold)]

    def draw(self, record: Record, classification: Classification) -> Sample | None:
        """Draw, or do not: None. The record is the one that the router read."""
        drawn = drawn_at(self.seed, record)
        if drawn >= self.highest:  # as nearly all
            return None
        sample = self.sample_of(classification)
        return sample if drawn < sample.chance else None
