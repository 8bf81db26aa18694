"""What the exit code of a command says. 2, a command line that cannot be read, is Typer's own."""

DONE = 0
BAD_INPUT = 1
"""What was asked for cannot be done, as it is: the message says what would be right."""
PARTLY_FAILED = 3
"""It was done, and some of its records failed, or the job or run that was watched did not end as done."""
UNAVAILABLE = 4
"""A part that it needs is away: the database, the storage, a platform, or every worker. Try again later."""
LEFT = 130
"""Ctrl-C, as shells have it. What workers do goes on."""
