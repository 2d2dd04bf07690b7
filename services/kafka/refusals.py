"""Which errors of Kafka's pass by themselves, and what to do about the others that do not."""

from collections.abc import Mapping

from aiokafka.errors import (
    BrokerNotAvailableError,
    ClusterAuthorizationFailedError,
    CommitFailedError,
    ConcurrentTransactions,
    CorruptRecordException,
    DuplicateSequenceNumber,
    FetchSessionIdNotFound,
    GroupAuthorizationFailedError,
    IllegalGenerationError,
    IllegalStateError,
    InconsistentGroupProtocolError,
    InvalidFetchSessionEpoch,
    InvalidProducerEpoch,
    InvalidProducerIdMapping,
    InvalidSessionTimeoutError,
    InvalidTimestampError,
    InvalidTransactionTimeout,
    InvalidTxnState,
    KafkaError,
    KafkaTimeoutError,
    KafkaUnavailableError,
    MemberIdRequired,
    MessageSizeTooLargeError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    OperationNotAttempted,
    OutOfOrderSequenceNumber,
    PolicyViolationError,
    ProducerClosed,
    ProducerFenced,
    ReassignmentInProgress,
    RebalanceInProgressError,
    RecordListTooLargeError,
    ReplicaNotAvailableError,
    StaleControllerEpochError,
    StaleLeaderEpochCodeError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    TransactionCoordinatorFenced,
    UnknownError,
    UnknownMemberIdError,
    UnknownProducerId,
    UnsupportedCodecError,
)

from services.kafka.protocols import MembershipError

# What a broker refuses for good, and what to do.
REFUSALS: Mapping[type[BaseException], str] = {
    ClusterAuthorizationFailedError: (
        "Kafka grants this user no IdempotentWrite on the cluster: grant that right."
    ),
    MessageSizeTooLargeError: (
        "A topic takes no record as large as one we have to write: set KAFKA_MAX_MESSAGE_BYTES to "
        "the smallest max.message.bytes of the topics written to, and that of the rejected topic "
        "to twice what the topic read from takes."
    ),
    RecordListTooLargeError: (
        "A topic takes no batch as large as ours: set KAFKA_MAX_MESSAGE_BYTES below the smallest "
        "segment.bytes of the topics written to."
    ),
    CorruptRecordException: (
        "A record cannot be read, it is damaged: set the group's offset past it, on the partition "
        "whose lag grows, with Kafka's own kafka-consumer-groups.sh --reset-offsets."
    ),
    InvalidSessionTimeoutError: (
        "Kafka takes no such session timeout: set KAFKA_SESSION_TIMEOUT_MS within the broker's "
        "group.min.session.timeout.ms and group.max.session.timeout.ms."
    ),
    InvalidTransactionTimeout: (
        "Kafka takes no such transaction timeout: set KAFKA_TRANSACTION_TIMEOUT_MS to the "
        "broker's transaction.max.timeout.ms at most."
    ),
    InconsistentGroupProtocolError: (
        "The consumer group has members of another kind: give this service a group of its own, "
        "with CLASSIFIER_GROUP_ID or ROUTER_GROUP_ID."
    ),
    InvalidTimestampError: (
        "A topic takes no records of this machine's time: see its clock, and "
        "message.timestamp.before.max.ms and message.timestamp.after.max.ms of the topics written "
        "to."
    ),
    PolicyViolationError: (
        "A policy of the cluster forbids what the service asks: see the broker's log for which."
    ),
    # What a broker answers with a code that aiokafka does not know, such as 87, INVALID_RECORD.
    UnknownError: (
        "Kafka answers with an error that is not known here, as it does to a record without a key "
        "for a compacted topic: set cleanup.policy=delete on the topics written to (`triage "
        "topics` names those that are compacted), or see the broker's log."
    ),
    UnsupportedCodecError: (
        "A record is compressed in a way that is not known here: publish with gzip, lz4, snappy, "
        "zstd or none."
    ),
}
# Not retriable by aiokafka's own account: it is the same request that does not help. A worker or a
# member that starts afresh does; what lasts all the same shows in /readyz by that alone.
PASSING: frozenset[type[BaseException]] = frozenset(
    {
        BrokerNotAvailableError,
        CommitFailedError,
        ConcurrentTransactions,
        DuplicateSequenceNumber,
        FetchSessionIdNotFound,
        GroupAuthorizationFailedError,
        IllegalGenerationError,
        IllegalStateError,
        InvalidFetchSessionEpoch,
        InvalidProducerEpoch,
        InvalidProducerIdMapping,
        InvalidTxnState,
        KafkaError,
        KafkaTimeoutError,
        KafkaUnavailableError,
        MemberIdRequired,
        MembershipError,
        NoOffsetForPartitionError,
        OffsetOutOfRangeError,
        OperationNotAttempted,
        OutOfOrderSequenceNumber,
        ProducerClosed,
        ProducerFenced,
        ReassignmentInProgress,
        RebalanceInProgressError,
        ReplicaNotAvailableError,
        StaleControllerEpochError,
        StaleLeaderEpochCodeError,
        TopicAuthorizationFailedError,
        TransactionalIdAuthorizationFailed,
        TransactionCoordinatorFenced,
        UnknownMemberIdError,
        UnknownProducerId,
    }
)
