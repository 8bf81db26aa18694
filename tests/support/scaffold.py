"""Another use case in the user's four files, in a copy of the service: messages to sort."""

import shutil
from pathlib import Path

from tests.support.demo import ROOT

USER_FILES = {
    "app/schemas/input_object.py": '''
from decimal import Decimal

from pydantic import BaseModel


class InputObject(BaseModel):
    """A message to sort."""

    text: str
    urgent: bool
    price: Decimal
    links: list[list[str]] = []
''',
    "app/services/preprocess.py": """
from collections.abc import Sequence

from app.schemas.input_object import InputObject
from app.schemas.rows import Row

FEATURES = ("text", "urgent", "price", "links")


def preprocess(items: Sequence[InputObject]) -> list[Row]:
    return [[item.text, item.urgent, float(item.price), sum(map(len, item.links))] for item in items]
""",
    "app/services/postprocess.py": """
from collections.abc import Sequence

from pydantic import JsonValue


def postprocess(outputs: Sequence[JsonValue]) -> list[JsonValue]:
    return [{"kind": output} for output in outputs]
""",
    "app/services/evaluation.py": """
from typing import Literal

LABEL = "kind"
Label = Literal["ham", "spam"]
""",
}

MODEL_CODE = """
import json


def model_fn(model_dir):
    return None


def input_fn(body, content_type):
    return json.loads(body)


def predict_fn(rows, model):
    return ["spam" if price == 0 or links > 2 else "ham" for text, urgent, price, links in rows]
"""


def copy_tree(tree: Path) -> Path:
    """The service in a folder of its own, with the four files replaced and nothing else changed."""
    for part in ("app", "migrations"):
        shutil.copytree(ROOT / part, tree / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in USER_FILES.items():
        assert (tree / name).exists()
        (tree / name).write_text(text)
    return tree
