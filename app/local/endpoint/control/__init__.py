"""The control plane of the local endpoint: models, configurations, endpoints and inference components, which
plain boto3 creates, updates, describes and deletes."""
