"""Changes that race with predictions, and what each prediction may say."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tests.chaos.hosting.callers import Caller, Said
from tests.support.orders import order


@dataclass(frozen=True)
class State:
    """What a prediction comes from: the record's value, and the live version."""

    value: int
    version: str

    @property
    def answer(self) -> float:
        """See Platform."""
        return float(10 * self.value + int(self.version))


@dataclass
class Lane:
    """A model with two versions and a record; one race after the other."""

    model: str
    callers: Sequence[Caller]
    """To two processes, two each."""
    states: list[State] = field(default_factory=lambda: [State(1, "1")])
    standing: list[str] = field(default_factory=lambda: ["1"])
    """The promotions that were not rolled back."""
    races: int = 0
    met: int = 0
    """Predictions that were under way while a change was."""
    stale: list[str] = field(default_factory=list)

    @property
    def now(self) -> State:
        return self.states[-1]

    @property
    def path(self) -> str:
        return f"/predict/{self.model}?model={self.model}"

    def next_change(self) -> tuple[str, str, object, State]:
        """Method, path and body of a change, and what holds after it. A refresh changes nothing."""
        kinds = ["update", "promote", "refresh", *(["roll back"] if len(self.standing) > 1 else [])]
        kind = random.choice(kinds)
        if kind == "update":
            value = self.now.value + 1
            return "PUT", f"/records/{self.model}", order(float(value)), State(value, self.now.version)
        if kind == "refresh":
            return "POST", f"{self.path}&refresh=true", None, self.now
        if kind == "promote":
            self.standing.append("2" if self.now.version == "1" else "1")
            body = {"version": self.standing[-1], "probe": False}
            return "POST", f"/models/{self.model}/promote", body, State(self.now.value, self.standing[-1])
        self.standing.pop()
        return "POST", f"/models/{self.model}/rollback", None, State(self.now.value, self.standing[-1])

    def check(self, said: Said, allowed: Sequence[State], what: str) -> None:
        told = said.json if said.status == 200 else {}
        if told.get("prediction") not in [state.answer for state in allowed]:
            expected = " or ".join(str(state.answer) for state in allowed)
            self.stale.append(f"{self.model}: {what} {told.get('prediction', said.body)!r}, not {expected}")

    def check_refresh(self, fresh: Said, asked_at: float, later: Sequence[Said]) -> None:
        """It is computed after it was asked for, and what comes later is no older."""
        made = _computed_at(fresh)
        if made.timestamp() < asked_at:
            self.stale.append(f"{self.model}: a refresh of {asked_at} was computed {made}")
        self.stale += [
            f"{self.model}: after a refresh of {made} one of {_computed_at(one)}"
            for one in later
            if _computed_at(one) < made
        ]


def _computed_at(said: Said) -> datetime:
    return datetime.fromisoformat(str(said.json["computed_at"]))
