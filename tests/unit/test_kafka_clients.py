import pytest

from services.kafka.clients import connect
from services.kafka.settings import KafkaSettings


@pytest.mark.parametrize("session_ms", [2_000, 10_000, 60_000])
def test_a_silent_broker_is_given_up_soon_but_not_while_a_group_gathers(session_ms: int) -> None:
    """Another broker is asked seconds after a session, for which a join may wait, and not 40 s."""
    settings = KafkaSettings(session_timeout_ms=session_ms)
    limit = connect(settings, "client").connection()["request_timeout_ms"]
    assert session_ms + 2_000 < limit <= session_ms + 10_000
