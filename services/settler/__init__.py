"""The settler: does once what people decide, and notes what became of each judgement."""
