"""Publishes what people decided, once it stands: after their next decision, or after a while.

That it stands is a record of the log, too: what is undone before that is never published, and what
is not undone by then never can be. Any replica may publish, since a judgement that comes twice is
settled once.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import uuid4

from services.desk.claims import Hold
from services.desk.interface import NotNowError, Position
from services.desk.state import Slot, State
from services.messages.claim import Claim
from services.messages.codec import write_claim, write_judgement
from services.messages.record import Output

SOURCE = "/inquiry-triage/desk"
# What is urgent can be taken back for no longer.
URGENT_MS = 10_000
# After so long whichever replica notices does what the one that took the decision has not done.
OTHERS_MS = 20_000
SWEEP_SECONDS = 1


class Appends(Protocol):
    """Writes records."""

    async def append(self, output: Output) -> int:
        """Write a record and return its offset."""


class Reads(Protocol):
    """Tells how far the claims were read."""

    @property
    def is_caught_up(self) -> bool:
        """Whether everything was read that was there at the start."""

    async def reach(self, position: Position) -> None:
        """Wait until they have been read so far."""

    async def reach_end(self, partition: int) -> None:
        """Wait until a partition has been read as far as it goes now."""


@dataclass
class Sender:
    """Sends decisions.

    Args:
        state: What the logs say.
        log: Writes records.
        fold: Reads them back.
        claims_topic: Where it stands that a decision stands.
        judged_topic: Where judgements go.
        undo_ms: How long a decision can be taken back.
        now: Tells the time.
    """

    state: State
    log: Appends
    fold: Reads
    claims_topic: str
    judged_topic: str
    undo_ms: int
    now: Callable[[], datetime]
    _taken_here: set[tuple[Slot, int]] = field(default_factory=set, init=False)
    _again: dict[tuple[Slot, int], tuple[int, int]] = field(default_factory=dict, init=False)

    def now_ms(self) -> int:
        """Return the log's time now.

        The clock alone may be behind the broker's, and the latest record may be long ago.
        """
        return max(self.state.latest, int(self.now().timestamp() * 1000))

    def takes(self, slot: Slot, hold: Hold) -> None:
        """Take note that a decision was taken by this replica, which is the first to send it."""
        self._taken_here.add((slot, hold.claim))

    def stands_at(self, slot: Slot, hold: Hold) -> int:
        """Return from when on a decision is not to be taken back, in milliseconds since 1970."""
        if self.state.is_over(slot):  # somebody else was first: it is on record as that
            return hold.chosen_at
        waiting = self.state.waiting_at(slot.item)
        urgent = waiting is not None and waiting.high
        return hold.chosen_at + (min(self.undo_ms, URGENT_MS) if urgent else self.undo_ms)

    async def send(self, slot: Slot) -> None:
        """Let a decision stand, and publish it; one that was undone meanwhile is left alone.

        Raises:
            AwayError: Kafka does not answer; it is sent later.
        """
        hold = self.state.hold(slot)
        if hold is not None and hold.chosen is not None and hold.sent_at is None:
            hold = await self._let_stand(slot, hold)
        if hold is None or hold.chosen is None or hold.sent_at is None:
            return
        await self.log.append(write_judgement(hold.chosen, topic=self.judged_topic, by=SOURCE))
        self._note_sent(slot, hold)
        if self.state.is_gone(slot.item):  # no note comes of it, but a dead letter
            self.state.forget(slot)

    async def sweep(self) -> None:
        """Send what is due until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            if self.fold.is_caught_up:  # else a decision may have been undone further on
                await self.send_due()

    async def send_due(self) -> None:
        """Send what stands by now, and once more what was sent and of which nothing was heard."""
        now = self.now_ms()
        decided = dict(self.state.decided())
        keys = {(slot, hold.claim) for slot, hold in decided.items()}
        self._taken_here &= keys
        self._again = {key: when for key, when in self._again.items() if key in keys}
        for slot, hold in decided.items():
            if self._due_at(slot, hold) <= now:
                try:
                    await self.send(slot)
                except NotNowError:  # the next round
                    return

    def _due_at(self, slot: Slot, hold: Hold) -> int:
        key = (slot, hold.claim)
        if hold.sent_at is None:
            others = 0 if key in self._taken_here else OTHERS_MS
            return self.stands_at(slot, hold) + others
        when, _ = self._again.get(key, (hold.sent_at + OTHERS_MS, 0))
        return when

    def _note_sent(self, slot: Slot, hold: Hold) -> None:
        """Look again after a while, each time a longer one: the settler may be away."""
        key = (slot, hold.claim)
        _, waited = self._again.get(key, (0, 0))
        wait = 2 * waited or OTHERS_MS
        self._again[key] = (self.now_ms() + wait, wait)

    async def _let_stand(self, slot: Slot, hold: Hold) -> Hold | None:
        """Write that a decision stands, and return what the log says of that."""
        assert hold.chosen is not None  # noqa: S101 - as the caller has seen
        claim = Claim(
            kind="sent",
            record=hold.chosen.record,
            by=hold.by,
            at=self.now(),
            second=slot.second,
            claim=hold.claim,
        )
        output = write_claim(claim, uuid4().hex, topic=self.claims_topic, by=SOURCE)
        offset = await self.log.append(output)
        await self.fold.reach({slot.item.partition: offset})
        after = self.state.hold(slot)
        return after if after is not None and after.claim == hold.claim else None
