"""Whether every record came out exactly once, and right."""

from aiokafka import ConsumerRecord

from benchmarks.work import Work, number_of
from services.errors import TriageError


class Tally:
    """Counts answers.

    Args:
        work: What was handed out.
        numbers: The numbers that it was handed out under.
    """

    def __init__(self, work: Work, numbers: range) -> None:
        self._work = work
        self._numbers = numbers
        self._seen = bytearray(len(numbers))
        self.arrived = 0
        self.doubled = 0
        self.strange = 0
        self.wrong = 0

    @property
    def lost(self) -> int:
        """How many have not come out."""
        return len(self._numbers) - self.arrived

    def note(self, record: ConsumerRecord) -> None:
        """Count an answer."""
        number = number_of(record.key)
        if number not in self._numbers:
            self.strange += 1
            return
        place = number - self._numbers.start
        if self._seen[place]:
            self.doubled += 1
        else:
            self.arrived += 1
        self._seen[place] = True
        if not self._work.approves(number, record):
            self.wrong += 1

    def check(self, contestant: str) -> None:
        """See that all is well.

        Raises:
            TriageError: It is not; the sentence has the counts.
        """
        if self.lost or self.doubled or self.strange or self.wrong:
            raise TriageError(
                f"The {contestant} was given {len(self._numbers):,} records: {self.lost:,} were "
                f"lost, {self.doubled:,} came out twice, {self.wrong:,} with a wrong answer, and "
                f"{self.strange:,} came out that it was not given now. Its speed means nothing."
            )
