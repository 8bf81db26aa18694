"""What a listing of the storage gives."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class StoredObject:
    """One object of a listing: its key, its size in bytes, and the ETag without its quotes."""

    key: str
    etag: str
    last_modified: datetime
    size: int
