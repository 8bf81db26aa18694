"""fastapi-cache2 on Redis."""
