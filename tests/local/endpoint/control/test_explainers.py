import json

import pytest
from botocore.exceptions import ClientError

from tests.support.deploying import DeployingAccount, on_instances

TWICE = """
    def model_fn(model_dir):
        return 2

    def predict_fn(rows, model):
        return rows.reshape(-1, 2) @ [model, -model]
"""


async def test_an_endpoint_is_deployed_with_its_explainer(account: DeployingAccount) -> None:
    variant = on_instances(account.model("twice", TWICE))
    account.control.create_endpoint_config(
        EndpointConfigName="explained",
        ProductionVariants=[variant],
        ExplainerConfig={
            "ClarifyExplainerConfig": {
                "EnableExplanations": "[0]>`5`",
                "InferenceConfig": {"FeatureHeaders": ["a", "b"]},
                "ShapConfig": {"ShapBaselineConfig": {"ShapBaseline": "1,1"}, "NumberOfSamples": 50},
            }
        },
    )
    await account.endpoint("churn", "explained")
    described = account.describe("churn")["ExplainerConfig"]["ClarifyExplainerConfig"]
    assert described["ShapConfig"]["NumberOfSamples"] == 50
    said = json.loads(account.aws.invoke("churn", "2,1\n9,1", Accept="text/csv").body)
    assert said["predictions"]["data"] == "2\n16\n"
    first, second = said["explanations"]["kernel_shap"]
    assert first is None
    assert [(one["feature_header"], one["attributions"][0]["attribution"]) for one in second] == [
        ("a", [16.0]),
        ("b", [0.0]),
    ]


def test_a_baseline_in_s3_is_refused(account: DeployingAccount) -> None:
    variant = on_instances(account.model("twice", TWICE))
    with pytest.raises(ClientError, match="shapBaseline"):
        account.control.create_endpoint_config(
            EndpointConfigName="explained",
            ProductionVariants=[variant],
            ExplainerConfig={
                "ClarifyExplainerConfig": {
                    "ShapConfig": {"ShapBaselineConfig": {"ShapBaselineUri": "s3://bucket/baseline.csv"}}
                }
            },
        )
