"""Dead letters one can work with: list them, show one, and send them where they came from."""
