import json
from pathlib import Path

import pytest
from pydantic import JsonValue

from app.local.endpoint.clarify.config import ClarifyExplainer
from app.local.endpoint.config import Endpoint
from tests.support.artifacts import write_artifact
from tests.support.aws import Aws, Serve, connect

PRODUCT = """
    def model_fn(model_dir):
        return None

    def predict_fn(rows, model):
        return rows[:, 0] * rows[:, 1] + rows[:, 2]
"""
TWO_CLASSES = """
    def model_fn(model_dir):
        return None

    def predict_fn(rows, model):
        return [[float(row[0]), 1 - float(row[0])] for row in rows.reshape(-1, 2)]
"""


def started(serve: Serve, artifacts: Path, model: str, explainer: ClarifyExplainer) -> Aws:
    path = write_artifact(artifacts / "model.tar.gz", model)
    return serve(Endpoint("one", str(path), multi_model=False, explainer=explainer))


def asked(aws: Aws, body: str, kind: str = "text/csv", **more: str) -> dict[str, JsonValue]:
    reply = aws.invoke("one", body, kind, Accept=kind, **more)
    assert reply.content_type == "application/json"
    found: dict[str, JsonValue] = json.loads(reply.body)
    return found


def rounded(found: JsonValue) -> JsonValue:
    """With six decimals."""
    said: JsonValue = json.loads(json.dumps(found), parse_float=lambda text: round(float(text), 6) + 0.0)
    return said


def of(*each: float) -> dict[str, JsonValue]:
    return {"attributions": [{"attribution": [*each]}]}


def test_the_values_are_shapleys(artifacts: Path, serve: Serve) -> None:
    aws = started(serve, artifacts, PRODUCT, ClarifyExplainer("0,0,1"))
    assert asked(aws, "2,3,5\n0,0,1") == {
        "version": "1.0",
        "predictions": {"content_type": "text/csv", "data": "11\n1\n"},
        # The product is shared evenly, and what they have in common with the baseline is nobody's.
        "explanations": {"kernel_shap": [[of(3.0), of(3.0), of(4.0)], [of(0.0), of(0.0), of(0.0)]]},
    }


def test_each_number_and_each_baseline_counts(artifacts: Path, serve: Serve) -> None:
    explainer = ClarifyExplainer("0.5,9.0\n0.3,9.0", feature_headers=("p", "x"), label_headers=("yes", "no"))
    found = asked(started(serve, artifacts, TWO_CLASSES, explainer), "0.9,1.0")
    assert rounded(found["explanations"]) == {
        "kernel_shap": [[{"feature_header": "p", **of(0.5, -0.5)}, {"feature_header": "x", **of(0.0, 0.0)}]]
    }
    assert found["label_headers"] == ["yes", "no"]


@pytest.mark.parametrize(
    ("expression", "explained"),
    [("`false`", []), ("[0]>`5`", [True, False]), ("`true`", [True, True])],
)
def test_an_expression_says_which_rows_are_explained(
    artifacts: Path, serve: Serve, expression: str, explained: list[bool]
) -> None:
    aws = started(serve, artifacts, PRODUCT, ClarifyExplainer("0,0,0"))
    found = asked(aws, "2,3,5\n1,1,1", EnableExplanations=expression)
    each = found["explanations"].get("kernel_shap", [])  # type: ignore[union-attr]
    assert [one is not None for one in each] == explained  # type: ignore[union-attr]


def test_clarify_reads_csv_and_json_lines_only(artifacts: Path, serve: Serve) -> None:
    aws = started(serve, artifacts, PRODUCT, ClarifyExplainer("0,0,0"))
    refusal = aws.refusal("one", "[[1, 2, 3]]", "application/json", Accept="application/json")
    assert (refusal.code, refusal.status) == ("ValidationError", 400)
    assert "text/csv and application/jsonlines" in refusal.message


def test_without_an_explainer_the_header_is_refused(artifacts: Path, serve: Serve) -> None:
    path = write_artifact(artifacts / "model.tar.gz", PRODUCT)
    aws = serve(Endpoint("one", str(path), multi_model=False))
    refusal = aws.refusal("one", EnableExplanations="`true`")
    assert "not an endpoint with an explainer" in refusal.message


def test_the_control_plane_describes_it(artifacts: Path, serve: Serve) -> None:
    explainer = ClarifyExplainer("0,0,0", enable="`false`", feature_headers=("a", "b", "c"))
    aws = started(serve, artifacts, PRODUCT, explainer)
    control = connect("sagemaker", endpoint_url=aws.address)
    endpoint = control.describe_endpoint(EndpointName="one")
    config = control.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    clarify = config["ExplainerConfig"]["ClarifyExplainerConfig"]
    assert clarify == endpoint["ExplainerConfig"]["ClarifyExplainerConfig"]
    assert clarify["EnableExplanations"] == "`false`"
    assert clarify["InferenceConfig"] == {"FeatureHeaders": ["a", "b", "c"]}
    assert clarify["ShapConfig"]["ShapBaselineConfig"]["ShapBaseline"] == "0,0,0"
