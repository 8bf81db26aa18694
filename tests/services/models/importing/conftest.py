from tests.support.many_models import bucket, endpoint, put

__all__ = ["bucket", "endpoint", "put"]
