"""What asks: wrk, our own caller, and bare boto3."""
