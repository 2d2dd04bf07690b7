"""What becomes of a request that arrives when what it belongs to is over."""

import asyncio
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import NewTopic
from aiokafka.client import ConnectionGroup, CoordinationType
from aiokafka.errors import NoError, for_code
from aiokafka.protocol.transaction import TxnOffsetCommitRequest

from services.kafka.clients import connect
from services.kafka.connected import an_admin, started
from services.kafka.given_up import given_up
from services.kafka.own_producer import UnansweredError
from services.kafka.settings import KafkaSettings
from services.local.console.temporary_folder import temporary_folder
from services.local.embedded_kafka.broker import EmbeddedKafka
from tests.broker.at_rest import until
from tests.broker.pipeline import Pipeline


async def test_a_late_offset_is_taken_within_its_epoch_and_refused_by_the_next(
    pipeline: Pipeline, prefix: str
) -> None:
    """It would take a group back, so a producer that lacks an answer may begin nothing more."""
    settings = KafkaSettings(bootstrap_servers=pipeline.servers)
    name, clients = f"{prefix}late", connect(settings, "test")
    place = TopicPartition(pipeline.installation.received_topic, 0)

    def offset_request(producer: Any, offset: int) -> TxnOffsetCommitRequest:
        producer_id, epoch = producer._txn_manager._pid_and_epoch  # noqa: SLF001 - nobody tells else
        places = [(place.topic, [(place.partition, offset, "")])]
        return TxnOffsetCommitRequest(name, name, producer_id, epoch, places)

    async def commit(producer: Any, offset: int, late: TxnOffsetCommitRequest) -> type[Exception]:
        """Commit an offset, have another request arrive in the midst, and say what came of it."""
        async with producer.transaction():
            await producer.send_offsets_to_transaction({place: offset}, name)
            coordinator = producer._sender._coordinators[CoordinationType.GROUP]  # noqa: SLF001
            answer = await producer.client.send(
                coordinator, late, group=ConnectionGroup.COORDINATION
            )
        [(_, [(_, code)])] = answer.errors
        error: type[Exception] = for_code(code)
        return error

    async def committed(producer: Any) -> int:
        """Tell what the group has, once the transaction before has ended everywhere."""
        async with given_up(producer):
            await producer.send_offsets_to_transaction({place: 0}, name)
            offset: int = await producer.committed(place, name)
        return offset

    async with started(clients.producer(name)) as producer:
        late = offset_request(producer, 5)
        assert await commit(producer, 9, late) is NoError
        assert await committed(producer) == 5
    async with started(clients.producer(name)) as producer:
        assert await commit(producer, 9, late) is not NoError
        assert await committed(producer) == 9


@pytest.mark.long
async def test_after_a_request_without_an_answer_a_transaction_ends_and_none_begins(
    can_embed: None, caplog: pytest.LogCaptureFixture
) -> None:
    """The request may still arrive: a producer that starts afresh is safe from it, and goes on."""
    place = TopicPartition("in", 0)

    async def commit(producer: Any, offset: int) -> None:
        async with producer.transaction():
            await producer.send_offsets_to_transaction({place: offset}, "group")

    async def without_answer() -> bool:
        return "RequestTimedOutError" in caplog.text

    with temporary_folder("triage-tests-") as folder, EmbeddedKafka(folder) as kafka:
        servers = kafka.bootstrap_servers
        clients = connect(
            KafkaSettings(bootstrap_servers=servers, session_timeout_ms=1_000), "test"
        )
        async with an_admin(servers) as admin:
            await admin.create_topics([NewTopic(place.topic, 1, 1)])
        async with started(clients.producer("id")) as producer:
            await commit(producer, 1)
            kafka.freeze()
            committing = asyncio.create_task(commit(producer, 2))
            await until(without_answer)
            kafka.thaw()
            await committing
            with pytest.raises(UnansweredError):
                await commit(producer, 3)
        async with started(clients.producer("id")) as producer:
            await commit(producer, 3)
