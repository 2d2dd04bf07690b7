"""What a pipeline has left of what people judged."""

from collections.abc import Sequence

from aiokafka import ConsumerRecord

from tests.broker.at_rest import read_all
from tests.broker.faults.judged import Log, is_letter
from tests.broker.pipeline import Pipeline


def topics_of_decisions(pipeline: Pipeline) -> dict[str, str]:
    """Return where inquiries go, by department, and by outcome where there is none."""
    table = pipeline.installation.table
    return {
        **{label: each.topic for label, each in table.departments.items()},
        "not-ours": pipeline.installation.settler.not_ours_topic,
        "escalate": table.review_topic,
    }


async def read_log(pipeline: Pipeline, ended: Sequence[ConsumerRecord]) -> Log:
    """Read it, once the settler has answered everything.

    Args:
        pipeline: Whose it is.
        ended: What the settler has written to the topics on which inquiries end.
    """
    settler = pipeline.installation.settler
    not_ours, judged, settled, review = [
        await read_all(pipeline.servers, [topic])
        for topic in (
            settler.not_ours_topic,
            settler.input_topic,
            settler.settled_topic,
            pipeline.installation.table.review_topic,
        )
    ]
    return Log(
        review=review,
        judged=judged,
        delivered=[*(each for each in ended if not is_letter(each)), *not_ours],
        letters=[each for each in ended if is_letter(each)],
        settled=settled,
    )
