from datetime import UTC, datetime

import httpx
import pytest
from pydantic import ValidationError

from services.clock import utc_now
from services.desk.app import create_app
from services.desk.login.settings import LoginSettings
from services.desk.pages.times import said
from services.desk.settings import DeskSettings, zone_of
from services.kafka.settings import KafkaSettings


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/metrics", 200, 'triage_waiting{priority="high",source="review"} 0.0'),
        ("/livez", 200, "ok"),
        ("/readyz", 503, "Kafka"),
        ("/asyncapi.json", 200, "inquiries.claims"),
        ("/asyncapi", 200, "inquiries.claims"),
    ],
)
async def test_what_operators_ask_is_answered_without_a_detour(
    path: str, status: int, says: str
) -> None:
    """At the very paths of the other services: nobody has to follow a redirect."""
    settings = DeskSettings(http_host="127.0.0.1")
    app = create_app(settings, LoginSettings(login="none"), KafkaSettings(), utc_now)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8004") as client:
        response = await client.get(path)
    assert response.status_code == status
    assert says in response.text


@pytest.mark.parametrize("name", ["Europe/Londen", "Europe", "", "../../etc/passwd", "/etc/passwd"])
def test_a_time_zone_that_there_is_not_is_said_at_the_start(name: str) -> None:
    """The sentence says what a name looks like."""
    with pytest.raises(ValidationError, match="such as Europe/London"):
        DeskSettings(time_zone=name)


def test_times_are_those_of_the_people_here() -> None:
    """In summer, too; where nobody has said which they are, it is the time that logs have."""
    summer = datetime(2026, 7, 1, 8, 30, tzinfo=UTC)
    assert said(summer, zone_of("Europe/London")) == "1 July 2026, 9:30 BST"
    assert said(summer, zone_of(DeskSettings().time_zone)) == "1 July 2026, 8:30 UTC"
