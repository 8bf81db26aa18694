"""What a hosting platform must offer. A backend is one file with ``Options`` and ``create``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Protocol, TypeAlias, runtime_checkable

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from app.core.errors import BackendError, BackendMissing, FieldError, InvalidInput
from app.core.hosts import Hosts
from app.core.settings import CENTURY
from app.schemas.ids import Name
from app.schemas.payloads import Payload, Sendable
from app.schemas.rows import Row


class BackendOptions(BaseModel):
    """Base of every backend's ``Options``: frozen, and an unknown option is an error.

    Options are stored with the model version and shown to callers, so they hold no secrets.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    batch_delay_ms: Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)] | None = None
    """Milliseconds that a row waits for those of other callers, to go to the model in one call with them; by
    default each caller's rows go by themselves. Who goes together waits together: for a slow row, too."""
    batch_rows: Annotated[int, Field(ge=2, le=10_000)] = 64
    """Most rows of different callers in one call; with so many nobody waits any longer."""
    fallback_version: Name | None = None
    """Another version of the model, on another platform say, that answers where this one is live and its
    platform fails; by default nothing does. The answer names it."""
    stale_if_error: Annotated[float, Field(ge=0, le=CENTURY, allow_inf_nan=False)] | None = None
    """Seconds beyond PREDICTION_TTL for which an older answer about the same content is given, marked STALE,
    where this version is live and its platform fails; by default none is. Without a TTL: its oldest age."""
    scales_to_zero: bool = False
    """The model's server is stopped while nobody calls it, and any call starts it: what it has deployed it is
    asked only while it is used, and no row is sent before it becomes live unless that is asked for. Of what
    is deployed SageMaker, Databricks, Vertex AI and watsonx ask a control plane, which wakes nothing."""

    looks_wake: ClassVar[bool] = True
    """Whether a look calls the model's server, and no control plane."""

    respond_async: bool = False
    """Who asks for what is not cached is answered 202, with the place of the answer, and a worker computes
    it; with Prefer: wait after so many seconds. For models that take long."""

    @property
    def submits(self) -> bool:
        """Whether its backend is a ``SubmittingBackend``."""
        return False

    def place(self) -> str:
        """What is looked at for these options: versions with the same place share one look."""
        return self.model_dump_json(exclude=set(BackendOptions.model_fields))


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be printable")
    return text


GivenName = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_printable)]
"""What somebody calls a version, a model or a tensor; it may become part of a revision."""

MAX_REPLY = 32 * 2**20
"""Bytes of an answer: more than any platform sends (SageMaker 25 MB), and what a process can bear."""


@dataclass(frozen=True)
class Limits:
    """The most that one call may carry: rows, and bytes of request body."""

    rows: int
    bytes: int


@dataclass(frozen=True)
class Deployed:
    """What a look found in service: the revisions that may answer a call now, at least one.

    A revision names what makes an answer (a model, its image, its artifact), not what surrounds it (instance
    types, weights, data capture): an answer that was kept under it is right for as long as it is in service.
    """

    revisions: frozenset[str]
    variants: Mapping[str, str] = field(default_factory=dict)
    """The revision behind each name that a reply may give as its ``variant``; empty where they give none."""
    pending: bool = False
    """A change is under way: what answers a call that does not say, nobody knows."""
    unclear: bool = False
    """What it runs was replaced at its source since it was deployed: some of it may run the new one, until it
    is deployed again. That counts where something else was noted before."""
    surroundings: str = ""
    changed: str = ""
    """When the platform last changed anything about it, as text. Where that moved and ``surroundings`` did
    not, something else may have been in service between two looks that find the same."""
    partial: bool = False
    """One server was asked, of which there may be several with other revisions: what replies tell counts
    beside it."""
    most_bytes: int | None = None
    """Of request body that one call may carry, where that hangs on what is deployed."""
    at_registration: bool = False
    """True when a version is registered, and may later name what is not yet running: the first one stays."""


@dataclass(frozen=True)
class Reply:
    """One output per row, in the order of the rows, and what the platform says answered.

    ``revision`` None: it does not say; then ``variant`` may be one of the names in Deployed.variants.
    A row that has no output (the answer is NaN, its category is unknown) holds the reason as a value: its
    neighbours stand.

    ``inference_id`` is what the call was called towards the platform, under which its own records have it;
    ``custom_attributes`` is what the model said beside the outputs. None where there is none.
    """

    outputs: Sequence[JsonValue | BackendError | InvalidInput]
    revision: str | None = None
    variant: str | None = None
    inference_id: str | None = None
    custom_attributes: str | None = None


def sole(revision: str | None) -> Deployed | None:
    """What a look found where one revision answers all calls; None where it cannot be told."""
    return Deployed(frozenset({revision})) if revision else None


def missing(what: str, option: str, message: str) -> BackendMissing:
    """The error of an ``option`` that names what ``what``'s platform does not have."""
    return BackendMissing(f"{what}: {message}.", errors=[FieldError(f"options.{option}", message)])


class Backend(Protocol):
    """One deployed model version, open for calls.

    ``predict`` makes one call and does not retry: it raises the BackendError that says what happened, and
    the caller decides. ``timeout`` is in seconds. The caller counts and checks the outputs too.
    """

    @property
    def limits(self) -> Limits: ...

    def row_bytes(self, row: Row) -> int:
        """How many bytes of request body this row takes."""
        ...

    async def predict(self, rows: Sequence[Row], timeout: float) -> Reply: ...

    async def look(self) -> Deployed | None:
        """What the platform has deployed now; None where it cannot say or we may not ask.

        BackendMissing names the option where the platform says that it has none of that name: a version with
        it is not registered.
        """
        ...

    async def aclose(self) -> None: ...


class Ticket(BaseModel):
    """What a platform took to answer later. It is kept as JSON, for whichever process fetches it."""

    model_config = ConfigDict(frozen=True)

    inference_id: str
    output: str
    """Where the answer will be; a backend's own text."""
    failure: str = ""
    """Where it will be told why there is none; empty where nobody tells."""
    is_whole: bool = False
    """It is of a payload, and so is the answer."""
    seconds: float
    """After so many nothing comes any more."""


class SubmittingBackend(Backend, Protocol):
    """One whose platform takes rows now, and answers later in a place of its own: its ``predict`` is never
    called. Such a version's options say ``submits``."""

    async def submit(self, row: Sendable, timeout: float) -> Ticket:
        """Hand a row over. It is one call, which may have been taken where it raises BackendTimeout."""
        ...

    async def collect(self, ticket: Ticket, timeout: float) -> Reply | None:
        """What became of the row, a failure as its value; None where nothing is there yet.

        Raises BackendError where that could not be looked for; nobody needs to look again if it is not
        ``retryable``.
        """
        ...


@runtime_checkable
class TakesPayloads(Protocol):
    """A backend may also take what the user's code made whole, one item a call, up to ``longest_payload``
    bytes: the reply has one output. Otherwise the same as ``predict``."""

    @property
    def longest_payload(self) -> int: ...

    async def predict_payload(self, payload: Payload, timeout: float) -> Reply: ...


Look: TypeAlias = Deployed | BackendError | None
"""What came of looking at one version; an error is a value, so that it is nobody else's."""


class LooksTogether(Protocol):
    """A backend's file may have a function ``look_together`` beside ``create``: one look for many versions.

    It is given the options of versions whose ``place`` is the same, and answers in their order. No backend
    is opened for it.
    """

    async def __call__(self, options: Sequence[BackendOptions]) -> Sequence[Look]: ...


class BackendModule(Protocol):
    """The shape of a backend's file."""

    Options: type[BackendOptions]

    def create(
        self, options: BackendOptions, features: Sequence[str], concurrency: int, hosts: Hosts
    ) -> Backend:
        """Open the backend; nothing is called yet. At most ``concurrency`` calls will run at once.

        InvalidInput names an option whose address is not one of ``hosts``.
        """
        ...
