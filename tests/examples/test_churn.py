"""The example of customers who leave: its data, its models, and how they are judged."""

import json
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from pydantic import JsonValue

from app.backends.wire.formats import ContentType, RequestFormat
from app.backends.wire.replies import decode
from app.core.errors import BadOutput
from app.local.endpoint import toolkit
from app.local.endpoint.app import create_app
from app.local.endpoint.config import Endpoint, EndpointConfig
from app.local.endpoint.model import HostedModel
from app.local.packing import pack
from app.schemas.judged import Judged
from app.services.evaluations.statistics import intervals, samples
from examples.churn import evaluation, make_customers, train
from examples.churn.customers import Customer, customers
from examples.churn.postprocess import postprocess
from examples.churn.preprocess import FEATURES, preprocess
from tests.support.aws import Aws
from tests.support.server import serving

KEPT = Path(train.__file__).parent / "model"
ROW: list[JsonValue] = [12, 30.5]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both versions, each in a folder by its name."""
    folder = tmp_path_factory.mktemp("versions")
    for version in train.VERSIONS:
        train.write(version, folder / version)
    return folder


@pytest.fixture(scope="module")
def kept() -> HostedModel:
    toolkit.install()
    return HostedModel(KEPT)


def test_the_file_is_what_the_script_makes() -> None:
    assert make_customers.CSV.read_text(encoding="utf-8") == make_customers.customers()


def test_the_customers_are_of_one_year_and_a_few_have_no_outcome_yet() -> None:
    months = Counter(one.item.as_of.strftime("%Y-%m") for one in customers())
    assert len(months) == 12
    assert min(months.values()) > 100
    outcomes = Counter(one.outcome for one in customers())
    assert outcomes.keys() == {"left", "stayed", None}
    assert sum(outcomes.values()) == 2000 > 100 * outcomes[None] / 2
    assert 0.2 < outcomes["left"] / 2000 < 0.4


def test_the_model_that_is_kept_is_what_training_writes(folder: Path) -> None:
    for name in ("model.json", "code/inference.py"):
        assert (KEPT / name).read_bytes() == (folder / "1" / name).read_bytes()


def test_training_twice_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    train.write("2", tmp_path)
    assert (tmp_path / "model.json").read_bytes() == (folder / "2" / "model.json").read_bytes()


def test_a_row_is_as_long_as_the_features_and_can_be_sent() -> None:
    rows = preprocess([one.item for one in customers()])
    assert {len(row) for row in rows} == {len(FEATURES)}
    assert sum(row[-1] is None for row in rows) > 100
    assert RequestFormat("text/csv", FEATURES).body(rows).count(b"\n") == len(rows) - 1


def test_the_second_version_is_better_on_customers_that_neither_has_seen(folder: Path) -> None:
    later = [one for one in customers() if one.outcome and one.item.as_of >= date(2025, 7, 1)]
    first, second = (_judged(folder, version, later) for version in ("1", "2"))
    truths: list[JsonValue] = [one.outcome for one in later]
    a, b = (
        samples.read(evaluation.TASK, truths, judged, positive=evaluation.POSITIVE)
        for judged in (first, second)
    )
    found = intervals.differences(evaluation.METRICS, evaluation.TASK, a, b)
    assert found.keys() == {*evaluation.METRICS}
    assert {found[name].verdict for name in evaluation.HEADLINE} == {"better"}


def _judged(folder: Path, version: str, some: list[Customer]) -> list[Judged]:
    """Packed, served, asked over HTTP, and read as an evaluation reads it."""
    columns = [FEATURES.index(name) for name in train.VERSIONS[version]]
    rows = [[row[column] for column in columns] for row in preprocess([one.item for one in some])]
    packed = pack(folder / version, folder / f"churn-{version}.tar.gz", rows[0])
    endpoint = Endpoint("churn", str(packed.path), multi_model=False)
    with serving(create_app(EndpointConfig((endpoint,), folder))) as address:
        body = RequestFormat("text/csv", FEATURES).body(rows)
        reply = Aws(address).invoke("churn", body, "text/csv", Accept="text/csv")
    outputs = [
        one for one in decode(reply.body.encode(), reply.content_type, len(rows)) if isinstance(one, float)
    ]
    return [evaluation.judge(one) for one in postprocess(outputs)]


@pytest.mark.parametrize("kind", ["text/csv", "application/json", "application/jsonlines"])
def test_each_content_type_gives_the_same_answer(kept: HostedModel, kind: ContentType) -> None:
    body = RequestFormat(kind, ()).body([ROW, [None, 30.5]])
    answer = kept.invoke(body, f"{kind}", {"accept": kind})
    first, second = decode(answer.body, answer.headers["content-type"], 2)
    assert (first, second) == pytest.approx((0.3438, 0.2727), abs=0.02)


@pytest.mark.parametrize(
    ("body", "kind", "accept", "status", "said"),
    [
        ("1,2", "image/png", "text/csv", 415, "Content type image/png is not one of text/csv, "),
        ("1,2", "text/csv", "image/png", 406, "Accept image/png is not one of text/csv, "),
        ("1,2,3", "text/csv", "text/csv", 400, "A row must have 2 values (tenure_months, monthly_fee)"),
        ("1,soon", "text/csv", "text/csv", 400, "These are no rows of numbers: could not convert"),
        ("1,nan", "text/csv", "text/csv", 400, "nan is not a finite number"),
        ("[[1, 2", "application/json", "text/csv", 400, "These are no rows of numbers"),
        ("[1, 2]", "application/json", "text/csv", 400, "each row must be a list"),
        ('["12"]', "application/json", "text/csv", 400, "each row must be a list"),
        ('{"a": 1}', "application/jsonlines", "text/csv", 400, "each row must be a list"),
        ("[[1, {}]]", "application/json", "text/csv", 400, "These are no rows of numbers"),
        (f"[[1, 1{'0' * 400}]]", "application/json", "text/csv", 400, "These are no rows of numbers"),
        (b"\xff,2", "application/jsonlines", "text/csv", 400, "These are no rows of numbers"),
    ],
)
def test_what_it_cannot_answer_it_refuses(
    kept: HostedModel, body: str | bytes, kind: str, accept: str, status: int, said: str
) -> None:
    answer = kept.invoke(body.encode() if isinstance(body, str) else body, kind, {"accept": accept})
    assert (answer.status, said in answer.body.decode()) == (status, True)


def test_a_score_beyond_all_bounds_is_still_a_probability(kept: HostedModel) -> None:
    body = json.dumps([[1e300, 0], [-1e300, 0]]).encode()
    answer = kept.invoke(body, "application/json", {})
    assert json.loads(answer.body) == pytest.approx([0, 1])


def test_a_prediction_is_a_label_with_its_probabilities() -> None:
    assert postprocess([0.7, [0.25], 1]) == [
        {"label": "left", "probabilities": {"left": 0.7, "stayed": 0.3}},
        {"label": "stayed", "probabilities": {"left": 0.25, "stayed": 0.75}},
        {"label": "left", "probabilities": {"left": 1.0, "stayed": 0.0}},
    ]
    assert evaluation.judge(postprocess([0.7])[0]) == Judged("left", {"left": 0.7, "stayed": 0.3})


@pytest.mark.parametrize("output", ["0.5", None, True, 1.5, -0.1, [0.2, 0.8], {"left": 0.5}])
def test_an_output_that_is_no_probability_is_refused(output: JsonValue) -> None:
    with pytest.raises(BadOutput, match="a number from 0 to 1"):
        postprocess([output])


@pytest.mark.parametrize("output", [0.5, None, {"label": "left"}, {"label": "gone", "probabilities": {}}])
def test_what_is_no_prediction_is_not_judged(output: JsonValue) -> None:
    with pytest.raises(ValueError, match="expected a label"):
        evaluation.judge(output)


def test_every_customer_is_in_a_group_of_each_slice() -> None:
    for one in customers():
        assert all(group(one.item) for group in evaluation.SLICES.values())
