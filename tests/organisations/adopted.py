"""What an organisation has once it has trained a model and written its routing table."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.organisations import Organisation
from tests.warm import run_to_end


class Adopted(NamedTuple):
    """An organisation's model, and the table that `triage routes` starts it with."""

    organisation: Organisation
    model: Path
    routes: Path

    @property
    def environment(self) -> dict[str, str]:
        """The settings that name both."""
        return {
            "CLASSIFIER_MODEL": str(self.model),
            "ROUTER_MODELS": str(self.model),
            "ROUTER_ROUTES": str(self.routes),
        }

    def trusting(self) -> "Adopted":
        """Return it with a table whose owner lets every department have what the model says."""
        path = self.routes.with_name("trusting.toml")
        text = self.routes.read_text(encoding="utf-8").replace("min_margin = 0.10", TRUSTING)
        path.write_text(text.replace("\ntopic =", "\nthreshold = 0.0\ntopic ="), encoding="utf-8")
        return self._replace(routes=path)

    def decide(self, text: str) -> dict[str, Any]:
        """Return what `triage classify` decides of a text."""
        decision: dict[str, Any] = json.loads(triage(["classify"], text, self.environment))
        return decision


TRUSTING = "min_margin = 0.0\nmin_in_remit = 0.0"


def adopt(organisation: Organisation, folder: Path) -> Adopted:
    """Train a model on an organisation's history, and write the table to start from."""
    model, routes = folder / organisation.name, folder / "ours.toml"
    history = ["--data", str(organisation.history), *organisation.options]
    triage(["train", *history, "--words-only", "--out", str(model)])
    routes.write_text(triage(["routes", "--model", str(model)]), encoding="utf-8")
    return Adopted(organisation, model, routes)


def triage(
    arguments: Sequence[str], text: str = "", environment: dict[str, str] | None = None
) -> str:
    """Run `triage`, and return what it prints."""
    done = run_to_end(arguments, environment or {}, text)
    assert done.code == 0, done.errors
    return done.output
