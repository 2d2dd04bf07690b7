"""The words that spoke for the department that the model chose, as far as the model is here."""

from collections.abc import Sequence
from pathlib import Path

from services.messages.decision import Model as ModelName
from services.model.explanation import explain
from services.model.text_model import load_model

SHOWN = 6


class SpokenWords:
    """Explains what one model thinks.

    Args:
        folder: The model's.

    Raises:
        ConfigurationError: It cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._model = load_model(folder, threads=1)

    def __call__(self, of: ModelName, text: str) -> Sequence[str]:
        """Return the fragments that spoke for its first choice; none of another model's."""
        mine = self._model.manifest
        if (of.name, of.version) != (mine.name, mine.version):
            return ()
        chosen, _ = explain(self._model, text)
        return [each.fragment for each in chosen.contributions if each.value > 0][:SHOWN]
