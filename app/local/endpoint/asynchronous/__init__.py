"""Asynchronous endpoints: InvokeEndpointAsync, a queue, and answers that are written to S3."""
