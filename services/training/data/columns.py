"""Which columns of a file are read."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Columns:
    """The names of the columns to read.

    Of several files, some may lack the columns of the date, the flags and the weight: their rows
    have none.
    """

    text: str
    label: str
    date: str | None = None
    flags: str | None = None
    groups: tuple[str, ...] = ()
    weight: str | None = None

    @property
    def asked(self) -> list[str]:
        """The names of all columns that are read."""
        return [*self._own, *self.groups]

    @property
    def clash(self) -> str | None:
        """The name that stands for two columns of which each needs one of its own, if any does."""
        own = self._own
        twice = (name for name in own if own.count(name) > 1)
        return next(twice, self.text if self.text in self.groups else None)

    @property
    def _own(self) -> list[str]:
        optional = (self.date, self.flags, self.weight)
        return [self.text, self.label, *(each for each in optional if each)]
