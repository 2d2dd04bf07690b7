"""The partition that Java's producer gives a key: MurmurHash2, 32 bits, as Kafka seeds it.

Source: `Utils.murmur2` and `Utils.toPositive` of kafka-clients (KIP-480). The hash of
`aiokafka.partitioner` is the same in Python, and each record is hashed once.
"""

from murmurhash2 import murmurhash2

_SEED = 0x9747B28C


def partition_of(key: bytes, count: int) -> int:
    """Return the partition of a key, from 0 to `count` - 1."""
    return (murmurhash2(key, _SEED) & 0x7FFFFFFF) % count
