"""The example's."""

from examples.transit.postprocess import *  # noqa: F403
