import httpx
import pytest

from services.clock import utc_now
from services.desk.app import create_app
from services.desk.login.settings import LoginSettings
from services.desk.settings import DeskSettings
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
