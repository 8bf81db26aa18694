"""A SageMaker endpoint on this machine: plain boto3 talks to it through ``endpoint_url``.

It speaks InvokeEndpoint, the calls of the control plane that deploy and describe what answers (its rooms are
``control`` and ``fleets``), and the S3 reads of its own artifacts. An artifact is the model.tar.gz of the
SageMaker inference toolkit (``code/inference.py`` with ``model_fn`` and friends), so the same file runs under
AWS's multi-model-server. Any SigV4 credentials are accepted: it is a stand-in for development and tests, it
runs the code inside its artifacts, and belongs on loopback only.
"""
