"""Three embedded brokers that fail over to each other, and the network between them."""
