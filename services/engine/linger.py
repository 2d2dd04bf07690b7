"""How soon a partition's next transaction may begin: as few as the load asks for."""

from dataclasses import dataclass

# What a transaction costs, all but nothing of it depends on how many records it holds; so the more
# of them there are, the longer each takes, and the longer it pays to let records gather.
TIMES = 3.0
# A broker still ends the last transaction for some milliseconds after it has said that it will, and
# makes the client wait for 20 if the next one begins.
LEAST_PAUSE = 0.005
# Beyond this, cores are busy with something that waiting does not help.
MOST = 0.05
# The weight of the newest of the transactions: some twenty are what counts.
NEWEST = 0.1


@dataclass
class Linger:
    """Paces the transactions of a process by what they take, of which all its partitions tell.

    A partition that nothing came to for a while waits for nothing. Nor does one of which more waits
    than a transaction takes: there is nothing to gather.

    Args:
        fixed: From one transaction of a partition to its next, in seconds, whatever they take.
    """

    fixed: float | None = None
    _usual: float | None = None

    def after(self, began: float, ended: float, *, more: bool) -> float:
        """Take note of a transaction, and return when the next of its partition may begin.

        Args:
            began: When it began, by a monotonic clock, in seconds.
            ended: When it ended, by the same.
            more: Whether more waits already than the next can take.
        """
        if self.fixed is not None:
            return began + self.fixed
        took = ended - began
        usual = took if self._usual is None else self._usual
        self._usual = usual + NEWEST * (took - usual)
        if more:
            return ended
        return max(began + min(TIMES * self._usual, MOST), ended + LEAST_PAUSE)
