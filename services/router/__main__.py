"""`python -m services.router` starts the router."""

from services.cli import run

run(["router"])
