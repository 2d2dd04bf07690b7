"""Every record gets exactly one result, whatever the function does with one of them."""

from collections.abc import Sequence

import structlog

from services.engine.job import Process, Result
from services.errors import location_of
from services.messages.record import Record
from services.messages.rejection import RejectedError, Rejection

log = structlog.get_logger()


def process_each(records: Sequence[Record], process: Process) -> list[Result]:
    """Run `process`, and where it fails find the records that it fails on and reject those.

    A record of which nothing is made is one that it fails on: else it would be lost.

    Returns:
        One result for each record, in the order of the records.
    """
    try:
        results = process(records)
        _check_one_each(records, results)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other records go through
        if len(records) == 1:
            return [_rejected(records[0], error)]
    else:
        return list(results)
    half = len(records) // 2
    return [*process_each(records[:half], process), *process_each(records[half:], process)]


def _rejected(record: Record, error: Exception) -> RejectedError:
    """Say in the log which record failed and where: it may be a fault of ours, to be mended."""
    location = location_of(error)
    log.error(
        "engine.record_failed",
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        error=location,
    )
    return RejectedError(Rejection.FAILED, location)


def _check_one_each(records: Sequence[Record], results: Sequence[Result]) -> None:
    if len(records) != len(results):
        raise AssertionError(f"{len(records)} records were given {len(results)} results")
    if not all(results):
        raise AssertionError("a record was given no output")
