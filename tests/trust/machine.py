"""Random interleavings of all that happens around the cache, each answer held against the promises."""

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from app.services.hosting.retry_budget import FEW
from app.services.records import records
from tests.trust import store
from tests.trust.platform import Style
from tests.trust.processes import restarted
from tests.trust.promises import Span
from tests.trust.steps import PERHAPS, POISON, RECORDS, SERVING, TTL, VALUES, Steps


class Interleavings(Steps):
    """The steps, in whatever order."""

    @initialize(style=st.sampled_from(("silent", "variant", "told")))
    def begin(self, style: Style) -> None:
        self.platform.style = style
        self.run(store.empty(self.world.database))
        for index, process in enumerate(self.processes):
            self.processes[index] = restarted(process, "c1", None)
        for record, value in zip(RECORDS, VALUES, strict=True):
            self.run(self._write(record, value))
        self.run(self._register("1"))

    # The callers' side

    @rule(
        record=st.sampled_from(RECORDS), at=st.integers(0, 1), refresh=st.sampled_from((False,) * 4 + (True,))
    )
    def predict(self, record: str, at: int, refresh: bool) -> None:
        self.run(self._ask(record, at, refresh=refresh))

    @rule(record=st.sampled_from(RECORDS), version=st.sampled_from(("1", "2")))
    def predict_with(self, record: str, version: str) -> None:
        if version in self.registered:
            self.run(self._ask(record, 0, version=version))

    @rule(record=st.sampled_from(RECORDS), value=st.sampled_from((*VALUES, POISON)))
    def write(self, record: str, value: int) -> None:
        self.run(self._write(record, value))

    @rule(record=st.sampled_from(RECORDS))
    def delete(self, record: str) -> None:
        if self.book.contents[record][-1].value is not None:
            began = self.platform.tick()
            self.run(records.delete(self.world.database.transactions, record))
            self.book.contents[record].append(Span(None, began))

    @precondition(lambda self: "2" not in self.registered)
    @rule()
    def register(self) -> None:
        self.run(self._register("2"))

    @precondition(lambda self: len(self.registered) == 2)
    @rule(version=st.sampled_from(("1", "2")))
    def promote(self, version: str) -> None:
        self.run(self._promote(version))

    @precondition(lambda self: len(self.registered) == 2)
    @rule()
    def roll_back(self) -> None:
        self.run(self._roll_back())

    # The platform's side

    @rule(serving=SERVING, then=PERHAPS)
    def deploy(self, serving: list[str], then: str | None) -> None:
        self._change(serving, pending=False)
        self._ask_for(then)

    @rule(serving=SERVING, then=PERHAPS)
    def begin_roll_out(self, serving: list[str], then: str | None) -> None:
        self._change(serving, pending=True)
        self._ask_for(then)

    @rule(looked=st.booleans())
    def there_and_back(self, looked: bool) -> None:
        """A roll-out that the platform took back between two looks, with a prediction in the midst."""
        before, pending = self.platform.serving, self.platform.pending
        other = ["B"] if before == ["A"] else ["A"]
        self._change(other, pending=pending)
        self.run(self._ask("r1", 0))
        self._change(before, pending=pending)
        if looked:
            self.look(then="r1")

    @precondition(lambda self: self.platform.gate.is_set())
    @rule(serving=SERVING, record=st.sampled_from(RECORDS))
    def overtake(self, serving: list[str], record: str) -> None:
        """A look that comes and goes while a call is under way."""
        self.hold_the_platform()
        self.run(self._ask(record, 0))
        self.deploy(serving, then=None)
        self.look(then=None)
        self.let_the_platform_answer()
        self.run(self._ask(record, 0))

    @precondition(lambda self: not self.swapped)
    @rule()
    def scale(self) -> None:
        self.tell("platform scales")
        self.scaled = True
        self.platform.instances += 1
        self.platform.touched = self.platform.tick()

    @rule(then=PERHAPS)
    def look(self, then: str | None) -> None:
        self.run(self._look())
        self._ask_for(then)

    def _ask_for(self, record: str | None) -> None:
        if record is not None:
            self.run(self._ask(record, 0))

    @rule(fails=st.booleans())
    def lose_looks(self, fails: bool) -> None:
        self.tell(f"looks fail: {fails}")
        self.platform.looks_fail = fails

    @precondition(lambda self: self.failed < FEW)
    @rule()
    def fail_once(self) -> None:
        """A call that is tried again, for there are a few retries to begin with: nobody hears of it."""
        self.failed += 1
        self.platform.failing = 1

    # Time, code and death

    @rule()
    def hold_the_platform(self) -> None:
        self.tell("the platform is silent")
        self.platform.gate.clear()

    @rule()
    def let_the_platform_answer(self) -> None:
        self.tell("the platform answers")
        self.platform.gate.set()
        self.run(self._land())

    @rule(at=st.integers(0, 1), code=st.sampled_from(("c1", "c2")), ttl=st.sampled_from((None, TTL)))
    def restart(self, at: int, code: str, ttl: float | None) -> None:
        if not any(one.process is self.processes[at] for one in self.open):
            self.tell(f"restart {at} with {code}, TTL {ttl}")
            self.processes[at] = restarted(self.processes[at], code, ttl)

    @rule(at=st.integers(0, 1))
    def kill(self, at: int) -> None:
        self.run(self._kill(at))

    @rule()
    def pass_time(self) -> None:
        self.tell("time passes")
        self.book.passed += TTL * 0.6
        self.run(store.age(self.world.database, TTL * 0.6))

    @rule()
    def refuse_to_store_once(self) -> None:
        self.tell("the next store is refused")
        self.run(store.refuse_once(self.world.database))

    @invariant()
    def keeps_its_promises(self) -> None:
        assert not self.book.faults, "\n".join([*self.told, *self.book.faults])

    def teardown(self) -> None:
        self.platform.gate.set()
        self.run(self._end())
