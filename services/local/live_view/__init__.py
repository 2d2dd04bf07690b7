"""The live view of what `triage demo --watch` keeps running."""
