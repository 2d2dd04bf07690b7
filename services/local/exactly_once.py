"""An account of numbered records: did each of them come out exactly once?"""


class Account:
    """Counts how often each record came out.

    Args:
        numbers: Those of the records that were published.
    """

    def __init__(self, numbers: range) -> None:
        self.numbers = numbers
        self.arrived = 0
        self.unexpected = 0
        self._doubled: list[int] = []
        self._seen = bytearray(len(numbers))

    def note(self, number: int) -> bool:
        """Count a record that came out, and tell whether it did for the first time."""
        if number not in self.numbers:
            self.unexpected += 1
            return False
        index = self.numbers.index(number)
        if self._seen[index]:
            self._doubled.append(number)
            return False
        self._seen[index] = True
        self.arrived += 1
        return True

    @property
    def lost(self) -> int:
        """How many have not come out."""
        return len(self.numbers) - self.arrived

    @property
    def doubled(self) -> int:
        """How often one came out again."""
        return len(self._doubled)

    @property
    def exact(self) -> bool:
        """Whether each came out once, and nothing else did."""
        return not (self.lost or self.doubled or self.unexpected)

    def lost_numbers(self) -> list[int]:
        """Return the numbers of those that have not come out."""
        return [number for number, seen in zip(self.numbers, self._seen, strict=True) if not seen]

    def doubled_numbers(self) -> list[int]:
        """Return the numbers of those that came out more than once, ascending."""
        return sorted(set(self._doubled))
