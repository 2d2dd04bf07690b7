import pytest
from aiokafka import TopicPartition
from aiokafka.errors import GroupLoadInProgressError, KafkaError, NotCoordinatorForGroupError
from aiokafka.protocol.commit import OffsetFetchResponse_v1, OffsetFetchResponse_v3

from services.kafka.own_producer import offset_in

PARTITION = TopicPartition("inquiries", 3)
LOADING, NOT_COORDINATOR = 14, 16


def of_one(offset: int, error: int = 0) -> list[tuple[str, list[tuple[int, int, str, int]]]]:
    return [("inquiries", [(3, offset, "", error)])]


@pytest.mark.parametrize(
    ("response", "offset"),
    [
        (OffsetFetchResponse_v3(0, of_one(9195), 0), 9195),
        (OffsetFetchResponse_v3(0, of_one(-1), 0), None),
        (OffsetFetchResponse_v1(of_one(0)), 0),
    ],
    ids=["there", "none", "old"],
)
def test_a_committed_offset_is_told(response: object, offset: int | None) -> None:
    """A group's offset is what the broker says; a group that never committed has none."""
    assert offset_in(response, PARTITION) == offset


@pytest.mark.parametrize(
    ("response", "error"),
    [
        # What a broker says just after it was frozen: found by this suite, seed 61.
        (OffsetFetchResponse_v3(0, [], NOT_COORDINATOR), NotCoordinatorForGroupError),
        (OffsetFetchResponse_v3(0, [], LOADING), GroupLoadInProgressError),
        (OffsetFetchResponse_v3(0, of_one(-1, LOADING), 0), GroupLoadInProgressError),
        (OffsetFetchResponse_v3(0, [], 0), KafkaError),
    ],
    ids=["moved", "loading", "partition", "empty"],
)
def test_an_offset_that_cannot_be_told_is_not_taken_for_none(
    response: object, error: type[KafkaError]
) -> None:
    """An error in place of an offset is an error: None would read the partition all over again."""
    with pytest.raises(error):
        offset_in(response, PARTITION)
