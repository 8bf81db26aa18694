"""Faults under load, and what is lost by them."""

from tests.support.figures import Figure as Figure  # under this name its tests ask for it
