"""Exactly once under faults: a seeded schedule of them, and a comparison that can fail.

`form.py` says how long a run is, `traffic.py` what is published, `kinds.py` which faults there are
and how each is undone, `schedule.py` in which order they strike, and `play.py` runs a round.
"""
