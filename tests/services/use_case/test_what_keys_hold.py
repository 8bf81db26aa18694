"""What the user's code reaches of ours is part of the key of every prediction."""

from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parents[3]
AS_RELEASED = {
    "app/__init__.py": "e3b0c44298fc1c14",
    "app/core/__init__.py": "e3b0c44298fc1c14",
    "app/core/errors/__init__.py": "d2f8a2a7a482f0a9",
    "app/schemas/__init__.py": "e3b0c44298fc1c14",
    "app/schemas/context.py": "ea32943c989b50d8",
    "app/schemas/rows.py": "4ff81416268eee32",
    "app/services/__init__.py": "e3b0c44298fc1c14",
}
"""By file, the digest of its text. A new one here means that whoever takes the release pays for all that they
had predicted once more: what is only ours goes into another module."""


def test_no_release_makes_all_predictions_anew_unawares() -> None:
    now = {name: sha256((ROOT / name).read_bytes()).hexdigest()[:16] for name in AS_RELEASED}
    assert now == AS_RELEASED
