"""Takes from a data set what a model has learnt."""

from services.errors import ConfigurationError
from services.model.reading import read
from services.training.data.dataset import Dataset
from services.training.data.overlap import nearly_among


def unseen_of(data: Dataset, learnt: Dataset) -> Dataset:
    """Return a data set without the texts that stand in another one, exactly or nearly.

    Raises:
        ConfigurationError: All of them do.
    """
    seen = nearly_among(
        [read(text).text for text in data.texts], [read(t).text for t in learnt.texts]
    )
    if seen.all():
        raise ConfigurationError(
            f"All {len(data):,} texts stand in the files of --trained-on, exactly or nearly, so "
            "they tell nothing: measure on others."
        )

    return data.of((~seen).tolist())
