"""The pages of a reviewer: one inquiry at a time, from claiming it to sending what was decided."""

from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from services.desk.interface import (
    AwayError,
    Choice,
    Desk,
    InquiryPage,
    Item,
    NotNowError,
    Person,
    Position,
)
from services.desk.pages.addresses import address_of, after, both, item_of, position_of
from services.desk.pages.door import Door, Visit
from services.desk.pages.forms import (
    Filled,
    FormError,
    choice_of,
    filled_in,
    filled_with,
)
from services.desk.pages.messages import KEPT, MESSAGES

Act = Callable[[Person, Item, Choice], Awaitable[Position]]


class Reviewing:
    """Answers what a reviewer asks for."""

    def __init__(self, desk: Desk, door: Door) -> None:
        self._desk = desk
        self._door = door

    async def start(self, visit: Visit) -> Response:
        """Say how many inquiries wait, and what can still be undone."""
        reviews = "reviewer" in visit.person.roles
        position = position_of(visit.request.query_params.get("after", ""))
        undo = await self._desk.undoable(visit.person, position) if reviews else None
        waiting = self._desk.waiting(visit.person) if reviews else None
        overtaken = self._desk.overtaken(visit.person) if reviews else ()
        return self._door.page(
            visit.request,
            "start",
            waiting=waiting,
            undo=undo,
            overtaken=overtaken,
            names=self._names(),
        )

    async def next(self, visit: Visit) -> Response:
        """Claim the next inquiry and go there."""
        return await self._go_on(visit.person, {})

    async def inquiry(self, visit: Visit) -> Response:
        """Show an inquiry."""
        item = _item(visit)
        position = position_of(visit.request.query_params.get("after", ""))
        shown = await self._desk.page(visit.person, item, position)
        filled = filled_with(shown.chosen, self._desk.signposts) if shown.chosen else Filled()
        return self._show(visit, shown, filled)

    async def choose(self, visit: Visit) -> Response:
        """Keep what was decided, and go on with the next inquiry."""

        async def go_on(position: Position) -> Response:
            try:
                return await self._go_on(visit.person, position)
            except AwayError:
                return self._door.message(visit.request, 503, KEPT)

        return await self._act(visit, self._desk.choose, go_on)

    async def look(self, visit: Visit) -> Response:
        """Note the first choice, and show what the model thinks."""

        async def go_back(position: Position) -> Response:
            return _see(f"{after(address_of(_item(visit)), position)}#model")

        return await self._act(visit, self._desk.look, go_back)

    async def skip(self, visit: Visit) -> Response:
        """Let somebody else have the inquiry, and go on with the next."""
        item, reason = _item(visit), visit.form.get("reason", "")
        if reason not in self._desk.skip_reasons:
            error = FormError("Say why you skip this inquiry.", "reason")
            return await self._again(visit, item, Filled(), error)
        position = await self._desk.skip(visit.person, item, reason)
        return await self._go_on(visit.person, position)

    async def back(self, visit: Visit) -> Response:
        """Lead from the address of a form that was sent to the inquiry that it is about."""
        return _see(address_of(_item(visit)))

    async def undo(self, visit: Visit) -> Response:
        """Take back what was decided last, and show that inquiry again."""
        item, position = await self._desk.undo(visit.person)
        return _see(after(address_of(item), position))

    async def _act(
        self, visit: Visit, act: Act, then: Callable[[Position], Awaitable[Response]]
    ) -> Response:
        """Do with a choice what is asked, or show the form again as it was filled in."""
        item, filled = _item(visit), filled_in(visit.form)
        try:
            choice = choice_of(filled, {each.label for each in self._desk.departments})
        except FormError as error:
            return await self._again(visit, item, filled, error)
        try:
            position = await act(visit.person, item, choice)
        except AwayError as error:
            return self._choices(visit, 503, item, filled, FormError(str(error)))
        except NotNowError as error:
            return self._door.message(
                visit.request,
                409,
                MESSAGES[409].saying(error),
                chosen=choice,
                names=self._names(),
            )
        return await then(position)

    async def _go_on(self, person: Person, position: Position) -> Response:
        claimed = await self._desk.next(person)
        if claimed is None:
            return _see(after("/", position))
        item, at = claimed
        return _see(after(address_of(item), both(position, at)))

    async def _again(self, visit: Visit, item: Item, filled: Filled, error: FormError) -> Response:
        try:
            shown = await self._desk.page(visit.person, item, {})
        except AwayError:
            return self._choices(visit, 503, item, filled, error)
        return self._show(visit, shown, filled, error)

    def _show(
        self,
        visit: Visit,
        shown: InquiryPage,
        filled: Filled,
        error: FormError | None = None,
    ) -> Response:
        return self._door.page(
            visit.request,
            "inquiry",
            422 if error else 200,
            page=shown,
            undo=shown.undo,
            overtaken=self._desk.overtaken(visit.person),
            **self._form(shown.item, filled._replace(judgement=shown.judgement), error),
        )

    def _choices(
        self, visit: Visit, status: int, item: Item, filled: Filled, error: FormError
    ) -> Response:
        """Show the choices alone: the inquiry cannot be read."""
        values = self._form(item, filled, error)
        return self._door.page(visit.request, "choices-alone", status, **values)

    def _form(self, item: Item, filled: Filled, error: FormError | None) -> dict[str, object]:
        return {
            "item": item,
            "filled": filled,
            "error": error,
            "names": self._names(),
            "departments": self._desk.departments,
            "signposts": self._desk.signposts,
            "skip_reasons": self._desk.skip_reasons,
        }

    def _names(self) -> dict[str, str]:
        return {each.label: each.name for each in self._desk.departments}


def _item(visit: Visit) -> Item:
    item = item_of(visit.request.path_params)
    if item is None:
        raise HTTPException(404)
    return item


def _see(address: str) -> RedirectResponse:
    return RedirectResponse(address, 303)
