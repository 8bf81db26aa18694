"""What is H2O's alone: cells of text, a row's own error, the model's id."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from pydantic import JsonValue

from app.backends.base import Backend
from app.backends.registry import open_backend
from app.core.errors import BackendRefused, BadOutput, InvalidInput, UserCodeError
from app.core.hosts import Hosts
from app.core.settings import Settings
from app.schemas.hosting.deployments import Deployment
from app.services.hosting.outcomes import Inferred
from app.services.inference import Inference
from tests.support.eventually import TIMEOUT
from tests.support.h2o import FEATURES, FITTING, Scorer, h2o_scorer
from tests.support.http_stub import Answer
from tests.support.looks import revision_of


@pytest.fixture
def scorer() -> Iterator[Scorer]:
    with h2o_scorer() as scorer:
        yield scorer


@pytest.fixture
async def backend(scorer: Scorer) -> AsyncIterator[Backend]:
    opened = scorer.open()
    yield opened
    await opened.aclose()


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        ([0.1, 2, "u", True], ["0.1", "2", "u", "true"]),
        ([None, None, None, None], ["", "", "", ""]),
        ([1e-7, -(2**40), "", False], ["1e-07", "-1099511627776", "", "false"]),
        ([True, False, 7, 1], ["1", "0", "7", "1"]),
        ([5, 5.0, ' "é\n', None], ["5", "5.0", ' "é\n', ""]),
    ],
)
async def test_every_cell_is_a_text(
    scorer: Scorer, backend: Backend, row: list[JsonValue], cells: list[str]
) -> None:
    await backend.predict([row], TIMEOUT)
    assert scorer.bodies == [{"fields": list(FEATURES), "rows": [cells]}]
    await backend.predict([row, row], TIMEOUT)
    first, second = (request for request in scorer.stub.requests if request.method == "POST")
    assert len(second.body) - len(first.body) == backend.row_bytes(row)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, "0.1"),
        (1, "two"),
        (0, ""),
        (0, float("nan")),
        (2, float("inf")),
        (2, ["u"]),
        (3, {}),
    ],
)
async def test_a_cell_that_does_not_fit_names_its_feature(
    scorer: Scorer, backend: Backend, place: int, value: JsonValue
) -> None:
    row = [*FITTING[:place], value, *FITTING[place + 1 :]]
    for _ in range(2):  # before and after the columns are known
        (error,) = (await backend.predict([row], TIMEOUT)).outputs
        assert isinstance(error, InvalidInput)
        assert f"'{FEATURES[place]}'" in error.detail
    with pytest.raises(InvalidInput, match=f"'{FEATURES[place]}'"):
        backend.row_bytes(row)
    assert not scorer.bodies


async def test_a_text_that_nothing_can_send_has_no_size(backend: Backend) -> None:
    with pytest.raises(UserCodeError, match="'text'"):
        backend.row_bytes([0.1, 2, "\ud800", True])


async def test_rows_that_do_not_fit_cost_their_neighbours_nothing(scorer: Scorer) -> None:
    settings = Settings(
        database_url="postgresql://nowhere",
        backend_hosts=scorer.stub.url,
        inference_concurrency=4,
        _env_file=None,
    )
    inference = Inference(settings)
    deployment = Deployment(1, "m", "1", "h2o", {"url": f"{scorer.stub.url}/d"}, FEATURES)
    bad = set(range(7, 1000, 50))
    rows: list[list[JsonValue]] = [["?" if n in bad else n, 2, "u", True] for n in range(1000)]
    scorer.scores = [[str(n)] for n in range(1000) if n not in bad]
    for calls in (1, 2):  # before and after the columns are known
        deadline = asyncio.get_running_loop().time() + TIMEOUT
        outcomes = await inference.predict(deployment, rows, deadline)
        outputs = {n: one.output for n, one in enumerate(outcomes) if isinstance(one, Inferred)}
        assert outputs == {n: n for n in range(1000) if n not in bad}
        assert {n for n, one in enumerate(outcomes) if isinstance(one, InvalidInput)} == bad
        assert len(scorer.bodies) == calls
    await inference.aclose()


async def test_one_value_is_a_number_and_several_are_a_list(scorer: Scorer, backend: Backend) -> None:
    scorer.scores = [["0.66"], ["0.66", "0.34"], ["yes", "0.9"], ["007"], ["3"]]
    reply = await backend.predict([FITTING] * 5, TIMEOUT)
    assert reply.outputs == [0.66, [0.66, 0.34], ["yes", 0.9], "007", 3]


async def test_a_row_without_a_value_spoils_no_other(scorer: Scorer, backend: Backend) -> None:
    scorer.scores = [["1.5"], [None], ["NaN"], [], "2.5", ["0.1", ""], [["3"]], ["2.5"]]
    first, *between, last = (await backend.predict([FITTING] * 8, TIMEOUT)).outputs
    assert (first, last) == (1.5, 2.5)
    assert all(isinstance(output, BadOutput) for output in between)


async def test_an_answer_without_an_id_has_no_revision(scorer: Scorer, backend: Backend) -> None:
    scorer.model = None
    assert (await backend.predict([FITTING], TIMEOUT)).revision is None


@pytest.mark.parametrize(("said", "revision"), [("m1\n", "m1"), ('"m1"', "m1"), ("-48867", "-48867")])
async def test_the_id_is_the_revision(scorer: Scorer, backend: Backend, said: str, revision: str) -> None:
    scorer.model = said
    assert await revision_of(backend) == revision


async def test_a_scorer_that_does_not_know_its_model_has_no_revision(
    scorer: Scorer, backend: Backend
) -> None:
    scorer.model = None
    assert await revision_of(backend) is None


async def test_a_page_is_no_revision(scorer: Scorer, backend: Backend) -> None:
    scorer.model = "<html>log in</html>"
    with pytest.raises(BadOutput):
        await revision_of(backend)


async def test_what_is_no_utf8_is_no_revision(scorer: Scorer, backend: Backend) -> None:
    scorer.stub.respond = lambda request: Answer(200, b"gbm-\xfe")
    with pytest.raises(BadOutput, match="UTF-8"):
        await revision_of(backend)


async def test_a_scorer_that_names_no_model_is_not_missing(scorer: Scorer, backend: Backend) -> None:
    scorer.stub.respond = lambda request: Answer(501)
    for asked in (revision_of(backend), backend.predict([FITTING], TIMEOUT)):
        with pytest.raises(BackendRefused) as caught:
            await asked
        assert type(caught.value) is BackendRefused


async def test_a_scorer_may_do_without_a_schema(scorer: Scorer, backend: Backend) -> None:
    scorer.schema = Answer(404)
    assert await revision_of(backend) == scorer.model
    assert (await backend.predict([FITTING], TIMEOUT)).outputs == [1.5]


async def test_the_address_may_be_the_deployments(scorer: Scorer) -> None:
    url, hosts = f"{scorer.stub.url}/d/", Hosts(scorer.stub.url)
    backend = open_backend("h2o", {"url": url}, FEATURES, concurrency=1, hosts=hosts)
    assert (await backend.predict([FITTING], TIMEOUT)).outputs == [1.5]
    await backend.aclose()


async def test_a_secret_of_others_cannot_be_named(scorer: Scorer) -> None:
    options: dict[str, JsonValue] = {"url": scorer.stub.url, "token_env": "AWS_SECRET_ACCESS_KEY"}
    with pytest.raises(InvalidInput) as caught:
        open_backend("h2o", options, FEATURES, concurrency=1, hosts=Hosts())
    assert [fault.field for fault in caught.value.errors] == ["options.token_env"]
