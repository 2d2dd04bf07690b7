"""How long a run is: the short form is one test of many, the long one what operators trust."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Form:
    """The size of one round; times are in seconds."""

    inquiries: int  # at least so many are published
    per_second: int
    repeats: int  # how often each fault of a service strikes each service
    alone: int  # likewise, of those that have nothing else beside them
    joins: int  # how often a replica joins and leaves in one storm
    broker_kills: int
    broker_frozen: float
    broker_gone: float
    broker_away: float  # at least, of one of three


SHORT = Form(
    inquiries=20_000,
    per_second=500,
    repeats=1,
    alone=1,
    joins=1,
    broker_kills=1,
    broker_frozen=4,
    broker_gone=10,
    broker_away=4,
)
LONG = Form(
    inquiries=20_000,
    per_second=250,
    repeats=3,
    alone=1,
    joins=2,
    broker_kills=3,
    broker_frozen=20,
    broker_gone=10,
    broker_away=15,
)
# Of three brokers, a round has so many faults of them that those of services need no repetition.
LONG_OF_THREE = replace(LONG, repeats=1, broker_away=10)
# Once in a long run the broker is gone for longer than any client waits for an answer.
GONE_LONG = 180.0
