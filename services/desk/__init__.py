"""The reviewers' desk: one inquiry at a time, decided by a person, with Kafka as its only store."""
