"""The whole pipeline on one machine: an embedded Kafka, the demo, decisions without Kafka."""
