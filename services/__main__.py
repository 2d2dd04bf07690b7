"""`python -m services` is the command `triage`."""

from services.cli import main

main()
