"""`make bench`: speed and memory, beside the client library alone and other ways in Python.

All contestants run in turn on one broker, round after round, with the same inquiries. So what the
machine does at the moment touches all of them, and a ratio is one of figures of the same round.

What goes wrong, in a contestant or in what it answers, is a `TriageError`, which ends the program.
"""
