"""The message types and the codec: bytes to types and back, and nothing else."""
