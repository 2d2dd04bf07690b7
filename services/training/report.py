"""The evaluation as one page that needs nothing else, for people who sign for thresholds."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template

from services.training.evaluation import Department, Evaluation, Slice
from services.training.figures import Figure
from services.training.plots import confusion_plot, curve_plot, reliability_plot

PAGE = Path(__file__).with_name("report.html")
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
    "macro_f1": ("Macro F1", "The mean of the departments' F1 scores: small ones count fully."),
    "coverage_at_90": ("Coverage at 90 % precision", "As above, with 90 of 100 right."),
    "coverage_at_98": ("Coverage at 98 % precision", "As above, with 98 of 100 right."),
}


def render(evaluation: Evaluation) -> str:
    """Write the page."""
    labels = [department.label for department in evaluation.departments]
    template = Template(PAGE.read_text(encoding="utf-8"))
    return template.substitute(
        model=escape(evaluation.model),
        version=escape(evaluation.version),
        files=escape(", ".join(evaluation.files)),
        texts=f"{evaluation.texts:,}",
        caution=_caution(evaluation),
        out_of_remit=f"{evaluation.out_of_remit:,}",
        figures="".join(_figure(name, evaluation.figures) for name in EXPLAINED),
        curve=curve_plot(evaluation.curve, PRECISION),
        reliability=reliability_plot(evaluation.reliability),
        departments="".join(map(_department, evaluation.departments)),
        confusion=confusion_plot(labels, evaluation.confusion),
        slices="".join(map(_slice, evaluation.slices)),
    )


def _caution(evaluation: Evaluation) -> str:
    if not evaluation.fitted_to:
        return ""
    return f'<p class="caution">{CAUTION} {escape(", ".join(evaluation.fitted_to))}.</p>'


def _figure(name: str, figures: dict[str, Figure]) -> str:
    if name not in figures:
        return ""
    title, meaning = EXPLAINED[name]
    value, low, high = figures[name]
    return (
        f"<div class='figure'><h3>{title}</h3><p class='value'>{value:.1%}</p>"
        f"<p class='interval'>{low:.1%} to {high:.1%}</p><p>{meaning}</p></div>"
    )


def _department(one: Department) -> str:
    right = _percent(one.routed_right / one.routed) if one.routed else ""
    threshold = "a person decides" if one.threshold is None else f"{one.threshold:.3f}"
    cells = (f"{one.texts:,}", _percent(one.precision), _percent(one.recall), threshold)
    return _row(one.label, (*cells, f"{one.routed:,}", right))


def _slice(one: Slice) -> str:
    figures = [
        f"{f.value:.1%} ({f.low:.1%} to {f.high:.1%})" for f in (one.accuracy, one.coverage_at_95)
    ]
    return _row(f"{one.kind}: {one.name}", (f"{one.texts:,}", *figures))


def _row(name: str, cells: Sequence[str]) -> str:
    return f"<tr><th>{escape(name)}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"
