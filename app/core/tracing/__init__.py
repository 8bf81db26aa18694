"""Traces by OpenTelemetry, where its environment variables say so.

Who has something to trace asks ``TRACING.spans``, which is None where nothing is traced: that is all it costs
then, and nothing of OpenTelemetry's is imported. No span carries what customers sent: no ids of records, no
values, no messages of exceptions.
"""
