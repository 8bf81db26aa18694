"""The example's."""

from examples.transit.evaluation import *  # noqa: F403
