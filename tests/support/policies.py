"""The IAM policies of deploy/iam, and what they allow.

moto has an evaluator, but takes a condition that does not hold for a denial, and knows few; the policies need
no more than this.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from pydantic import BaseModel, ConfigDict, field_validator

FOLDER = Path(__file__).parents[2] / "deploy" / "iam"
WORDS = {word for path in FOLDER.rglob("*.json") for word in re.findall(r"\$\{(\w+)\}", path.read_text())}
"""What is to be put into them."""

OPERATORS = {"StringEquals": False, "StringLike": True, "Bool": False}
"""Whether the values of a condition are patterns."""


@dataclass(frozen=True)
class Need:
    """What a call needs: an action on a resource. ``context`` is what conditions may ask about."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict, hash=False)


def _in_a_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


class Statement(BaseModel):
    """Of a policy; whatever else IAM knows is no part of ours."""

    model_config = ConfigDict(extra="forbid")

    Sid: str
    Effect: str
    Action: list[str]
    Resource: list[str] = []
    Principal: dict[str, str] | None = None
    Condition: dict[str, dict[str, list[str]]] = {}

    @field_validator("Action", "Resource", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return _in_a_list(value)

    @field_validator("Condition", mode="before")
    @classmethod
    def _each_one_or_many(cls, value: dict[str, dict[str, object]]) -> object:
        return {name: {key: _in_a_list(one) for key, one in asked.items()} for name, asked in value.items()}

    def parts(self) -> Iterator["Statement"]:
        """One for each action on each resource."""
        for action in self.Action:
            for resource in self.Resource:
                yield self.model_copy(update={"Action": [action], "Resource": [resource]})

    def allows(self, need: Need) -> bool:
        return (
            self.Effect == "Allow"
            and any(_matches(action, need.action) for action in self.Action)
            and any(_matches(resource, need.resource) for resource in self.Resource)
            and all(
                _holds(need.context.get(key), values, patterns=OPERATORS[operator])
                for operator, asked in self.Condition.items()
                for key, values in asked.items()
            )
        )


def _holds(said: str | None, values: list[str], *, patterns: bool) -> bool:
    if said is None:  # what a request does not say fulfils no condition
        return False
    return any(_matches(value, said) if patterns else value == said for value in values)


def _matches(pattern: str, text: str) -> bool:
    """With * for any text and ? for a letter, and small letters for no others (IAM reference, Resource)."""
    wild = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(wild, text, re.DOTALL) is not None


def statements(name: str, words: Mapping[str, str] | None = None) -> list[Statement]:
    """Those of the policy ``name`` with these words put in; by default any, and without prefixes."""
    text = (FOLDER / f"{name}.json").read_text()
    if words is None:
        text, words = re.sub(r"\$\{\w*prefix\}/", "", text), dict.fromkeys(WORDS, "*")
    filled = json.loads(Template(text).substitute(words))
    return [Statement.model_validate(one) for one in filled["Statement"]]


def names() -> list[str]:
    """The policies of the service and its workers."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))
