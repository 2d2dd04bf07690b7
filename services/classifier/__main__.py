"""`python -m services.classifier` starts the classifier."""

from services.cli import run

run(["classifier"])
