"""The pages that show how things stand: to supervisors, to auditors, and to everybody their own."""

from starlette.responses import Response

from services.desk.interface import Desk
from services.desk.pages.door import Door, Visit


class Overview:
    """Answers who asks how things stand."""

    def __init__(self, desk: Desk, door: Door) -> None:
        self._desk = desk
        self._door = door

    async def supervision(self, visit: Visit) -> Response:
        """Show what waits and how far people agree, of persons nothing."""
        return self._door.page(
            visit.request, "supervision", seen=self._desk.supervision(), names=self._names()
        )

    async def decisions(self, visit: Visit) -> Response:
        """Show what was decided of which inquiry, and no word of it."""
        return self._door.page(
            visit.request, "decisions", notes=self._desk.recent(), names=self._names()
        )

    async def own(self, visit: Visit) -> Response:
        """Show a person their own figures."""
        return self._door.page(visit.request, "own", own=self._desk.own(visit.person))

    def _names(self) -> dict[str, str]:
        return {each.label: each.name for each in self._desk.departments}
