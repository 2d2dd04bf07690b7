"""Who may at the desk: signing in, sessions, roles, and forms that are the desk's own."""
