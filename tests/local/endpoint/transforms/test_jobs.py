"""Transform jobs over the wire: boto3 asks, a model of the toolkit answers, objects are on S3."""

import pytest
from botocore.exceptions import ClientError

from tests.local.endpoint.transforms.conftest import Batches


async def test_each_object_has_an_output(batches: Batches) -> None:
    batches.put(a="1\n2\n3\n", b="4\n")
    done = await batches.run()
    assert done["TransformJobStatus"] == "Completed"
    assert done["TransformEndTime"] >= done["CreationTime"]
    assert done["ModelName"] == "ten"
    # AssembleWith puts a line feed after each answer, which ended with one.
    assert batches.outputs() == {"a.out": ["10.0,3", "20.0,3", "30.0,3", ""], "b.out": ["40.0,1", ""]}


async def test_a_request_carries_a_record_or_as_many_as_it_may(batches: Batches) -> None:
    long = f"1.{'0' * 700_000}"
    batches.put(a="\n".join([long, long, "2"]))
    filters = {"InputFilter": "$", "JoinSource": "None", "OutputFilter": "$[0:]"}
    await batches.run("many", MaxPayloadInMB=1, DataProcessing=filters)
    assert batches.outputs() == {"a.out": ["10.0,1", "10.0,2", "20.0,2"]}
    await batches.run("single", BatchStrategy="SingleRecord", DataProcessing=filters)
    assert batches.outputs() == {"a.out": ["10.0,1", "10.0,1", "20.0,1"]}


async def test_ids_go_past_the_model(batches: Batches) -> None:
    batches.put(a='"x,y",1\nr2,2\n')
    filters = {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,2:]"}
    await batches.run(DataProcessing=filters)
    assert batches.outputs() == {"a.out": ['"x,y",10.0,2', "r2,20.0,2"]}


async def test_an_object_that_the_model_refuses_leaves_the_others_alone(batches: Batches) -> None:
    batches.put(a="1\n", b="2\n1000\n")
    failed = await batches.run()
    assert failed["TransformJobStatus"] == "Failed"
    assert failed["FailureReason"].startswith("AlgorithmError")
    assert list(batches.outputs()) == ["a.out"]


async def test_nothing_to_do_and_nothing_that_can_be_joined(batches: Batches) -> None:
    assert (await batches.run("empty"))["FailureReason"].startswith("ClientError: No objects found")
    batches.put(a="1\n")
    beyond = {"InputFilter": "$", "JoinSource": "Input", "OutputFilter": "$[9:]"}
    assert "JSONPath" in (await batches.run("beyond", DataProcessing=beyond))["FailureReason"]


async def test_a_job_that_is_stopped(batches: Batches) -> None:
    batches.put(a="".join(f"{number % 100}\n" for number in range(3000)))
    batches.control.create_transform_job(**batches.request("job", BatchStrategy="SingleRecord"))
    batches.control.stop_transform_job(TransformJobName="job")
    assert (await batches.ended("job"))["TransformJobStatus"] == "Stopped"
    assert batches.outputs() == {}
    with pytest.raises(ClientError, match="is Stopped"):
        batches.control.stop_transform_job(TransformJobName="job")


async def test_what_is_refused(batches: Batches) -> None:
    await batches.run("job")
    multi = {"Image": "image", "Mode": "MultiModel", "ModelDataUrl": "s3://local/multi/"}
    batches.control.create_model(
        ModelName="many",
        ExecutionRoleArn="arn:aws:iam::000000000000:role/any",
        PrimaryContainer=multi,  # type: ignore[arg-type]
    )
    wanted: list[tuple[str, dict[str, object]]] = [
        ("ResourceInUse", {"TransformJobName": "job"}),
        ("ValidationException", {"ModelName": "other"}),
        ("ValidationException", {"ModelName": "many"}),
        ("ValidationException", {"MaxConcurrentTransforms": 20}),
        ("ValidationException", {"DataProcessing": {"InputFilter": "$.a"}}),
    ]
    for code, more in wanted:
        with pytest.raises(ClientError) as caught:
            batches.control.create_transform_job(**batches.request("another", **more))
        assert caught.value.response["Error"].get("Code") == code
    for operation in (batches.control.describe_transform_job, batches.control.stop_transform_job):
        with pytest.raises(ClientError, match="ResourceNotFound"):
            operation(TransformJobName="another")
