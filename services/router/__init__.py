"""The router: which topic an inquiry goes to, by a table that its owners can read."""
