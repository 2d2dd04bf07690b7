"""The Kafka loop: read a batch, run a function, write its results and offsets at once."""
