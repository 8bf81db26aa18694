"""When Python looks for garbage: not while imports go on, which took a fifth of a start."""

import gc


def some_imported() -> None:
    """What is there need not be looked through at the end, either; more may come."""
    if not gc.isenabled():
        gc.freeze()


def all_imported() -> None:
    """From here on it does, and not among what was imported, which stays. __main__ has kept it from it."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
