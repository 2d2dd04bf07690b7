"""The evaluation as one page that needs nothing else, for people who sign for thresholds."""

from collections.abc import Iterator

from jinja2 import Environment, PackageLoader, StrictUndefined

from services.palette import css
from services.training.evaluate.evaluation import Evaluation
from services.training.evaluate.plots import confusion_plot, curve_plot, reliability_plot

PRECISION = 0.95
CAUTION = "On texts that it has not seen the model is less good than here: it was made from"

# What each figure is called, and what it says to somebody who has not heard of it.
EXPLAINED: dict[str, tuple[str, str]] = {
    "coverage_at_95": (
        "Coverage at 95 % precision",
        "So many inquiries, the surest first, could go straight on with 95 of 100 right.",
    ),
    "accuracy": ("Accuracy", "So many inquiries have the right department as first choice."),
    "calibration_error": (
        "Expected calibration error",
        "So far, on average, is the stated probability from how often the first choice is right.",
    ),
    "remit_auroc": (
        "Remit AUROC",
        "So likely an inquiry in remit scores above one out of it; 50 % is guessing.",
    ),
    "routed": ("Routed by the model's limits", "So many would go to a department by themselves."),
    "routed_right": ("Of those, right", "The model promises this much for texts of its own kind."),
    "held_back_in_remit": (
        "Held back though in remit",
        "So many were taken for something that no department should get.",
    ),
    "held_back_out_of_remit": (
        "Held back rightly",
        "So many of those that no department should get were recognised as such.",
    ),
    "false_alarms": (
        "False alarms",
        "So many of those without a flag would be shown to a person first all the same.",
    ),
    "macro_f1": ("Macro F1", "The mean of the departments' F1 scores: small ones count fully."),
    "coverage_at_90": ("Coverage at 90 % precision", "As above, with 90 of 100 right."),
    "coverage_at_98": ("Coverage at 98 % precision", "As above, with 98 of 100 right."),
}


def render(evaluation: Evaluation) -> str:
    """Return the page."""
    labels = [department.label for department in evaluation.departments]
    template = environment().get_template("report.html.jinja")
    return template.render(
        evaluation=evaluation,
        explained=EXPLAINED,
        cautions=[*cautions(evaluation)],
        palette=css(),
        curve=curve_plot(evaluation.curve, PRECISION),
        reliability=reliability_plot(evaluation.reliability),
        confusion=confusion_plot(labels, evaluation.confusion),
    )


def cautions(evaluation: Evaluation) -> Iterator[str]:
    """Say what has to be known before any figure is believed, a sentence each."""
    if evaluation.fitted_to:
        yield f"{CAUTION} {', '.join(evaluation.fitted_to)}."
    if evaluation.left_out:
        yield (
            f"Left out are {evaluation.left_out:,} of "
            f"{evaluation.left_out + evaluation.texts:,} texts, which the model has learnt, "
            "exactly or nearly."
        )
    if evaluation.unknown:
        yield (
            f"The model does not know the labels of {evaluation.unknown:,} texts, which count as "
            f"wrong: {evaluation.unknown_labels}."
        )


def environment() -> Environment:
    """Return what renders the pages for owners."""
    pages = Environment(
        loader=PackageLoader("services.training.evaluate", ""),
        autoescape=True,
        undefined=StrictUndefined,
    )
    pages.filters["percent"] = _percent
    pages.filters["count"] = "{:,}".format
    return pages


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"
