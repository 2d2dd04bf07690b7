"""Fills the templates; whatever is put into one is escaped."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from typing import Any

from jinja2 import Environment, PackageLoader, PrefixLoader

from services.desk.pages import addresses, keys
from services.desk.pages.choices import radios
from services.desk.pages.rows import HOW, WHY, agreed, counted, decided, differing, share
from services.desk.pages.static_files import StaticFiles
from services.desk.pages.times import clock_time, for_how_long, said
from services.desk.pages.words import language_attribute, pieces
from services.visible import visible


class Renderer:
    """Turns what a page is about into HTML.

    Args:
        name: What the people here call the service; it stands on every page.
        static: Where stylesheets and scripts are.
        now: Returns the time.
        zone: The time zone that times are shown in.
    """

    def __init__(
        self,
        name: str,
        static: StaticFiles,
        now: Callable[[], datetime],
        zone: tzinfo = UTC,
    ) -> None:
        self._now = now
        # Undefined is not strict: the macros of govuk-frontend ask for what may not be there.
        loader = PrefixLoader(
            {
                "desk": PackageLoader("services.desk.pages"),
                "govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja"),
            }
        )
        self._environment = Environment(
            loader=loader,
            autoescape=True,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals |= {
            "service": name,
            "static": static.address,
            "keys": keys,
            "radios": radios,
            "WHY": WHY,
            "HOW": HOW,
        }
        self._environment.filters |= {
            "agreed": agreed,
            "counted": counted,
            "decided": partial(decided, zone=zone),
            "differing": differing,
            "address": addresses.address_of,
            "ago": self._ago,
            "clock": partial(clock_time, zone=zone),
            "language": language_attribute,
            "pieces": pieces,
            "said": partial(said, zone=zone),
            "share": share,
            "span": for_how_long,
            "visible": visible,
        }

    def __call__(self, template: str, values: Mapping[str, Any]) -> str:
        """Return a page's HTML."""
        return self._environment.get_template(f"desk/{template}.html.jinja").render(values)

    def _ago(self, moment: datetime) -> str:
        return for_how_long(max(timedelta(0), self._now() - moment))
