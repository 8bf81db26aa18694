"""The local endpoint beside AWS's own multi-model-server: the same artifacts, calls and outcomes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from app.local.endpoint.app import create_app
from app.local.endpoint.config import Endpoint, EndpointConfig
from app.local.packing import pack
from tests.mms.front import create_front
from tests.mms.server import multi_model_server
from tests.support.artifacts import DOUBLE, write_artifact
from tests.support.aws import Aws, Refusal, Reply
from tests.support.server import serving

pytestmark = pytest.mark.mms

ARTIFACTS = {
    "double.tar.gz": DOUBLE,
    "folder 1/a b+é.tar.gz": DOUBLE,
    "statuses.tar.gz": """
        from sagemaker_inference.errors import GenericInferenceToolkitError

        def model_fn(model_dir):
            return None

        def input_fn(body, content_type):
            if content_type != "text/csv":
                raise GenericInferenceToolkitError(415, "only text/csv")
            if body == "bad":
                raise GenericInferenceToolkitError(400, "no such row")
            if body == "raise":
                raise RuntimeError("the model is broken")
            return [1]

        def predict_fn(rows, model):
            return rows
    """,
    "context.tar.gz": """
        from helper import HEADER

        def model_fn(model_dir):
            return None

        def transform_fn(model, body, content_type, accept, context):
            context.set_response_header(0, HEADER, context.get_request_header(0, HEADER) + " seen")
            return f"{body} {accept}", "text/plain"
    """,
    "no_model_fn.tar.gz": "x = 1",
    "no_predict_fn.tar.gz": "def model_fn(model_dir): return None",
    "no_load.tar.gz": "def model_fn(model_dir): raise RuntimeError('no weights')",
    "text.tar.gz": "def model_fn(model_dir): return None\ndef transform_fn(m, b, c, a): return {'a': 1}",
}
CHURN = Path(__file__).parents[2] / "examples" / "churn" / "model"
HELPER = 'HEADER = "x-amzn-sagemaker-custom-attributes"'


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("artifacts")
    for name, inference in ARTIFACTS.items():
        write_artifact(folder / name, inference, code__helper=HELPER)
    pack(CHURN, folder / "packed.tar.gz")
    return folder


@pytest.fixture(scope="module")
def ours(artifacts: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    endpoint = Endpoint("multi", str(artifacts))
    with serving(create_app(EndpointConfig((endpoint,), tmp_path_factory.mktemp("cache")))) as address:
        yield Aws(address)


@pytest.fixture(scope="module")
def theirs(artifacts: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    folder = tmp_path_factory.mktemp("mms")
    with (
        multi_model_server(folder) as container,
        serving(create_front(container, artifacts, folder / "unpacked")) as address,
    ):
        yield Aws(address)


@dataclass(frozen=True)
class Case:
    """One call; ``target`` is left out where it is empty."""

    target: str
    body: str | bytes = "1,2\n3,4"
    kind: str = "text/csv"
    accept: str = "application/json"
    endpoint: str = "multi"

    def outcome(self, aws: Aws) -> Reply | Refusal:
        more = {"TargetModel": self.target} if self.target else {}
        return aws.outcome(
            self.endpoint, self.body, self.kind, Accept=self.accept, CustomAttributes="t=1", **more
        )


MANY = "\n".join(f"{n},{n * n}" for n in range(2000))
CASES = {
    "csv in, json out": Case("double.tar.gz"),
    "csv in, csv out": Case("double.tar.gz", accept="text/csv"),
    "json in, json out": Case("double.tar.gz", "[[1, 2], [3, 4.5]]", "application/json"),
    "json in, csv out": Case("double.tar.gz", "[[1, 2], [3, 4.5]]", "application/json", "text/csv"),
    "one row": Case("double.tar.gz", "1,2"),
    "many rows": Case("double.tar.gz", MANY, accept="text/csv"),
    "the first accept that is known": Case("double.tar.gz", accept="text/html, text/csv"),
    "any accept": Case("double.tar.gz", accept="*/*"),
    "a name with spaces and accents": Case("folder 1/a b+é.tar.gz"),
    "attributes, a type of its own, a module beside": Case("context.tar.gz"),
    "an object": Case("text.tar.gz"),
    "default decoder, wrong content type": Case("double.tar.gz", kind="application/x-unknown"),
    "default decoder, content type with a parameter": Case("double.tar.gz", kind="text/csv; charset=utf-8"),
    "default decoder, no content type": Case("double.tar.gz", kind=""),
    "default encoder, unknown accept": Case("double.tar.gz", accept="text/html"),
    "broken json": Case("double.tar.gz", "[[1,", "application/json"),
    "text that is no utf-8": Case("double.tar.gz", b"\xff"),
    "wrong content type": Case("statuses.tar.gz", kind="application/json"),
    "bad rows": Case("statuses.tar.gz", "bad"),
    "an exception in the model": Case("statuses.tar.gz", "raise"),
    "no predict_fn": Case("no_predict_fn.tar.gz"),
    "no model_fn": Case("no_model_fn.tar.gz"),
    "a model that does not load": Case("no_load.tar.gz"),
    "a packed model": Case("packed.tar.gz", "12,30.5\n,8", accept="text/csv"),
    "a packed model, json lines": Case(
        "packed.tar.gz", "[12,30.5]\n[null,8]", *["application/jsonlines"] * 2
    ),
    "a packed model, rows that are too long": Case("packed.tar.gz", "1,2,3"),
    "a packed model, wrong content type": Case("packed.tar.gz", kind="image/png"),
    "unknown target": Case("no.tar.gz"),
    "missing target": Case(""),
    "unknown endpoint": Case("double.tar.gz", endpoint="no"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_same_outcome(case: Case, ours: Aws, theirs: Aws) -> None:
    here, there = case.outcome(ours), case.outcome(theirs)
    if isinstance(here, Refusal) and isinstance(there, Refusal):  # the messages hold stacks and paths
        here, there = replace(here, message=""), replace(there, message="")
    assert here == there
