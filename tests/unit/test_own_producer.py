import asyncio

import pytest
from aiokafka.errors import KafkaTimeoutError

from services.engine.health import STUCK_SECONDS
from services.kafka.own_producer import PATIENCE_SECONDS, in_time

# Kafka's `request.timeout.ms`, for which a coordinator waits for a broker that is silent.
KAFKA_SECONDS = 30


async def test_what_brokers_do_not_do_is_given_up_as_an_error_of_kafka() -> None:
    """The wait ends with an error after which a worker starts afresh; what is done is returned."""
    with pytest.raises(KafkaTimeoutError, match="no broker has done it"):
        await in_time(asyncio.Event().wait(), 0.001)
    assert await in_time(asyncio.sleep(0, "done")) == "done"


def test_a_transaction_is_given_up_before_its_loop_counts_as_stuck() -> None:
    """Its records, its offset and its end may each take as long, and none as Kafka itself takes."""
    assert KAFKA_SECONDS < PATIENCE_SECONDS
    assert 3 * PATIENCE_SECONDS < STUCK_SECONDS
