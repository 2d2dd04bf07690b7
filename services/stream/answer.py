"""Every record gets exactly one answer, whatever the function does with one of them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from traceback import extract_tb

from services.messages.record import Output, Record
from services.messages.rejection import RejectedError, Rejection

Process = Callable[[Sequence[Record]], list[Output]]
Reject = Callable[[Record, RejectedError], Output]


def answer(records: Sequence[Record], process: Process, reject: Reject) -> list[Output]:
    """Run `process`, and where it fails find the records that it fails on and reject those.

    Returns:
        One output for each record, in the order of the records.
    """
    try:
        outputs = process(records)
        _check_one_each(records, outputs)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other records go through
        if len(records) == 1:
            return [reject(records[0], RejectedError(Rejection.FAILED, place_of(error)))]
    else:
        return outputs
    half = len(records) // 2
    return [
        *answer(records[:half], process, reject),
        *answer(records[half:], process, reject),
    ]


def place_of(error: BaseException) -> str:
    """Name an error by its type and place; its text could quote what a citizen wrote."""
    frames = extract_tb(error.__traceback__)
    if not frames:
        return type(error).__name__
    last = frames[-1]
    return f"{type(error).__name__} in {last.name} ({Path(last.filename).name}:{last.lineno})"


def _check_one_each(records: Sequence[Record], outputs: Sequence[Output]) -> None:
    if len(records) != len(outputs):
        raise AssertionError(f"{len(records)} records were answered by {len(outputs)} outputs")
