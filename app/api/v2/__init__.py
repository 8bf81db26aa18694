"""Predictions by record id for clients of the Open Inference Protocol, version 2, over REST."""
