"""The partition that Java's producer gives a key: MurmurHash2, 32 bits, as Kafka seeds it.

Source: `Utils.murmur2` and `Utils.toPositive` of kafka-clients (KIP-480). The hash is that of
`aiokafka.partitioner`, which takes twice as long: each record is hashed once.
"""

from struct import unpack_from

_SEED = 0x9747B28C
_FACTOR = 0x5BD1E995
_LOW = 0xFFFFFFFF


def partition_of(key: bytes, count: int) -> int:
    """Return the partition of a key, from 0 to `count` - 1."""
    return (murmur2(key) & 0x7FFFFFFF) % count


def murmur2(key: bytes) -> int:
    """Return the hash of a key, from 0 to 2^32 - 1."""
    length = len(key)
    hashed = _SEED ^ length
    for word in unpack_from(f"<{length >> 2}I", key):
        mixed = word * _FACTOR & _LOW
        hashed = (hashed * _FACTOR & _LOW) ^ ((mixed ^ (mixed >> 24)) * _FACTOR & _LOW)
    if rest := length & 3:
        hashed = (hashed ^ int.from_bytes(key[-rest:], "little")) * _FACTOR & _LOW
    hashed = (hashed ^ (hashed >> 13)) * _FACTOR & _LOW
    return hashed ^ (hashed >> 15)
