"""Registering from a prefix, over the wire: a real S3 server, and the local endpoint's control plane."""

from collections.abc import AsyncIterator, Sequence

import pytest
from pydantic import JsonValue
from sqlalchemy import text

from app.core.errors import Conflict, InvalidInput, StorageError
from app.core.settings import Settings
from app.db.engine import Sessions
from app.schemas.hosting.model_imports import ModelsImport
from app.schemas.models import Model, NewVersion
from app.services.inference import Inference
from app.services.models import rollback, versions
from app.services.models.importing.importer import import_models
from app.services.models.importing.pattern import KeyPattern
from app.services.models.importing.wanted import ModelsWanted
from tests.support.http_stub import http_stub
from tests.support.many_models import Put
from tests.support.sts import asked_of_sts, refused
from tests.support.use_case import TRANSIT

pytestmark = pytest.mark.usefixtures("endpoint")

PATTERN = "{model}/{version}.tar.gz"


@pytest.fixture
async def inference(settings: Settings) -> AsyncIterator[Inference]:
    inference = Inference(settings)
    yield inference
    await inference.aclose()


@pytest.fixture
def run(bucket: str, sessions: Sessions, inference: Inference) -> "Run":
    return Run(bucket, sessions, inference)


class Run:
    """An import of what lies below ``team a/``, unless a test says otherwise."""

    def __init__(self, bucket: str, sessions: Sessions, inference: Inference) -> None:
        self._bucket, self._sessions, self._inference = bucket, sessions, inference
        self.told: list[tuple[int, int]] = []

    async def __call__(
        self,
        below: str = "team a",
        pattern: str = PATTERN,
        *,
        options: dict[str, JsonValue] | None = None,
        prefix: str | None = None,
        features: Sequence[str] | None = None,
        promote: bool = False,
        dry_run: bool = False,
    ) -> ModelsImport:
        template = {"endpoint_name": "many"} if options is None else options
        wanted = ModelsWanted(
            *(f"s3://{self._bucket}/{below}", KeyPattern(pattern), template, prefix, features),
            promote=promote,
            dry_run=dry_run,
        )
        return await import_models(
            self._sessions, TRANSIT, self._inference, wanted, said=lambda *told: self.told.append(told)
        )

    async def models(self) -> dict[str, Model]:
        return {one.model: one for one in await versions.list_all(self._sessions)}


async def test_what_lies_below_a_prefix_is_registered_as_one_by_one(
    run: Run, put: Put, sessions: Sessions, inference: Inference
) -> None:
    put(
        "team a/a/1.tar.gz",
        "team a/a/2.tar.gz",
        "team a/b/1.tar.gz",
        "team a/readme.txt",
        "team b/c/1.tar.gz",
    )
    done = await run()
    assert (done.objects, done.models, done.registered, done.unchanged, done.promoted) == (4, 2, 3, 0, 0)
    assert [(one.fault, one.examples) for one in done.left_out] == [
        ("does not fit the pattern", ["readme.txt"])
    ]
    found = await run.models()
    assert {name: len(model.versions) for name, model in found.items()} == {"a": 2, "b": 1}
    first = found["a"].versions[0]
    assert first.options == {"endpoint_name": "many", "target_model": "a/1.tar.gz"}
    # What a registration alone would have noted: a look tells the artifact's ETag.
    new = NewVersion(version="alone", backend="sagemaker", options=first.options)
    alone, _ = await versions.register(sessions, TRANSIT, inference, "a", new)
    assert first.revision
    assert (alone.revision, alone.features, alone.pending) == (first.revision, first.features, first.pending)
    async with sessions() as session:
        stored = await session.execute(text("select count(*), count(distinct place) from model_versions"))
        assert stored.one() == (4, 1)
        noted = await session.execute(text("select action, subject from audit order by id limit 1"))
        assert noted.one() == ("registered", "model a, version 1")


async def test_the_same_again_changes_nothing_and_goes_on_where_one_broke_off(run: Run, put: Put) -> None:
    put("team a/a/1.tar.gz", "team a/b/1.tar.gz")
    await run()
    before = await run.models()
    again = await run()
    assert (again.registered, again.unchanged, again.left_out) == (0, 2, [])
    assert await run.models() == before
    put("team a/a/2.tar.gz")
    more = await run()
    assert (more.registered, more.unchanged) == (1, 2)


async def test_keys_with_blanks_and_signs_are_the_target_models_that_they_are(run: Run, put: Put) -> None:
    put("team a/v 1+2%20&=/a/1.tar.gz", "team a/é/a/2.tar.gz")
    done = await run(pattern="*/{model}/{version}.tar.gz")
    (version,) = (await run.models())["a"].versions
    assert version.options["target_model"] == "v 1+2%20&=/a/1.tar.gz"
    assert version.revision
    assert [one.fault for one in done.left_out] == ["cannot be a target model"]


async def test_target_models_are_relative_to_the_endpoints_prefix_or_to_the_given_one(
    run: Run, put: Put, bucket: str
) -> None:
    put("team a/eu/a/1.tar.gz")
    await run("team a/eu")
    (version,) = (await run.models())["a"].versions
    assert version.options["target_model"] == "eu/a/1.tar.gz"
    with pytest.raises(InvalidInput, match="cannot be imported so") as elsewhere:
        await run("team b")
    assert "the endpoint's models lie below" in elsewhere.value.errors[0].message
    done = await run("team a/eu", prefix=f"s3://{bucket}/team a/eu/")
    assert [one.fault for one in done.left_out] == ["names a version that is registered with other content"]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"endpoint_name": "no-such"}, "options.endpoint_name"),
        ({"endpoint_name": "one"}, "options.endpoint_name"),
        ({"endpoint_name": "many", "target_model": "x"}, "options.target_model"),
        ({"endpoint_name": "many", "colour": "red"}, "options.colour"),
        ({"endpoint_name": "many", "explainer": {"kind": "clarify"}}, "options.explainer"),
        ({"endpoint_name": "many", "fallback_version": "x"}, "options.fallback_version"),
    ],
)
async def test_options_that_fit_nothing_are_named(
    run: Run, put: Put, options: dict[str, JsonValue], field: str
) -> None:
    put("team a/a/1.tar.gz")
    with pytest.raises(InvalidInput) as caught:
        await run(options=options)
    assert [fault.field for fault in caught.value.errors] == [field]
    assert await run.models() == {}


async def test_the_newest_of_each_model_becomes_live_and_no_model_is_loaded(
    run: Run, put: Put, sessions: Sessions
) -> None:
    put("team a/a/1.tar.gz", "team a/b/1.tar.gz")
    dry = await run(promote=True, dry_run=True)
    assert (dry.dry_run, dry.registered, dry.promoted) == (True, 2, 2)
    assert await run.models() == {}
    done = await run(promote=True)  # which are no archives: a probe would fail
    assert (done.registered, done.promoted) == (2, 2)
    assert {name: one.live_version for name, one in (await run.models()).items()} == {"a": "1", "b": "1"}
    assert (await run(promote=True)).promoted == 0
    async with sessions.begin() as session:
        await session.execute(text("update models set live_version_id = null where name = 'b'"))
    assert (await run(promote=True, dry_run=True)).promoted == 1
    assert (await run(promote=True)).promoted == 1
    async with sessions() as session:
        noted = await session.scalars(text("select subject from audit where action = 'promoted' order by id"))
        assert list(noted) == [f"model {name}, version 1" for name in "abb"]
    with pytest.raises(Conflict):  # the promotion was noted: there is none before it
        await rollback.roll_back(sessions, TRANSIT, "a")


async def test_nothing_that_fits_is_an_error_that_shows_what_there_is(run: Run, put: Put) -> None:
    put("team a/a.tar.gz", "team a/b.tar.gz")
    with pytest.raises(InvalidInput, match="nothing to register") as caught:
        await run()
    assert [(one.field, one.message) for one in caught.value.errors] == [
        ("does not fit the pattern", "2 objects, such as a.tar.gz")
    ]


async def test_many_are_registered_part_by_part(run: Run, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.services.models.importing.importer.AT_ONCE", 2)
    put(*(f"team a/m{number}/1.tar.gz" for number in range(5)))
    done = await run(promote=True)
    assert (done.registered, done.promoted, run.told) == (5, 5, [(2, 5), (4, 5), (5, 5)])


async def test_the_bucket_is_listed_in_the_role_of_the_versions(
    run: Run, put: Put, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("team a/a/1.tar.gz")
    role = "arn:aws:iam::210987654321:role/invoke"
    with http_stub() as sts:
        sts.respond = lambda _: refused()
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)
        options: dict[str, JsonValue] = {"endpoint_name": "many", "role_arn": role}
        with pytest.raises(StorageError):
            await run(options=options, prefix=f"s3://{bucket}/team a/")
        assert [asked_of_sts(one)["RoleArn"] for one in sts.requests] == [role]
