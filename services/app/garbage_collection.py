"""Python's garbage collector, set for work in batches."""

import gc

# A batch makes thousands of objects that live until it is written. Python's own 700 would look
# through them a dozen times a batch, and find nothing to collect: none of them form circles.
COLLECT_AFTER = 50_000


def collect_less_often() -> None:
    """Leave alone what is there at the start, and look through the rest less often."""
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)
