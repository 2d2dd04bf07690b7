"""Fills the templates; whatever is put into one is escaped."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from typing import Any

from jinja2 import Environment, PackageLoader, PrefixLoader

from services.desk.pages import addresses, keys
from services.desk.pages.choices import radios
from services.desk.pages.static_files import StaticFiles
from services.desk.pages.times import clock_time, for_how_long, said
from services.desk.pages.words import language_attribute, stretches
from services.messages.decision import REASONS
from services.messages.judgement import MODES
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
            loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True
        )
        self._environment.globals |= {
            "service": name,
            "static": static.address,
            "keys": keys,
            "radios": radios,
            "stretches": stretches,
            "REASONS": REASONS,
            "MODES": MODES,
        }
        self._environment.filters |= {
            "address": addresses.address_of,
            "ago": self._ago,
            "clock": partial(clock_time, zone=zone),
            "language": language_attribute,
            "said": partial(said, zone=zone),
            "share": _share,
            "span": for_how_long,
            "visible": visible,
        }

    def __call__(self, template: str, values: Mapping[str, Any]) -> str:
        """Return a page's HTML."""
        return self._environment.get_template(f"desk/{template}.html.jinja").render(values)

    def _ago(self, moment: datetime) -> str:
        return for_how_long(max(timedelta(0), self._now() - moment))


def _share(part: float) -> str:
    """Return a probability or a share such as `72 %`: never 100 % or 0 % of what is not."""
    percent = round(part * 100)
    if (percent == 100 and part < 1) or (percent == 0 and part > 0):  # noqa: PLR2004 - of a hundred
        return "over 99%" if percent else "under 1%"
    return f"{percent}%"
