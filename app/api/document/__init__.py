"""What the OpenAPI document says beside what FastAPI makes it say."""
