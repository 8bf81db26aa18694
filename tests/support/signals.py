"""What was noted while a test went on: the totals are the process's."""

from collections import Counter
from typing import TypeAlias

from app.core.signals import AnsweredKey, CallKey, RequestKey, answers, calls, requests

Key: TypeAlias = AnsweredKey | CallKey | RequestKey


def counted() -> Counter[Key]:
    """How many there were of each, until now."""
    found: Counter[Key] = Counter()
    found.update({key: one.count for key, one in answers.items()})
    found.update({key: one.seconds.count for key, one in calls.items()})
    found.update({key: one.count for key, one in requests.items()})
    return found


class Noted:
    """What a block has added."""

    def __init__(self) -> None:
        self._before = counted()

    def _added(self) -> Counter[Key]:
        return counted() - self._before

    @property
    def answers(self) -> dict[tuple[str, str, str, str], int]:
        """By version, origin, outcome and cause."""
        return {key[1:]: count for key, count in self._added().items() if isinstance(key, AnsweredKey)}

    @property
    def calls(self) -> dict[tuple[str, str], int]:
        """By version and outcome."""
        return {key[1:]: count for key, count in self._added().items() if isinstance(key, CallKey)}

    @property
    def requests(self) -> dict[tuple[str, str, str], int]:
        return {
            (key.route, key.method, key.status): count
            for key, count in self._added().items()
            if isinstance(key, RequestKey)
        }
