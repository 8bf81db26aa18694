"""The example's."""

from examples.transit.input_object import *  # noqa: F403
