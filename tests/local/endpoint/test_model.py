"""The contract of the inference toolkit. The cases of tests/mms compare it with the real one."""

import io
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest

from app.local.endpoint import toolkit
from app.local.endpoint.errors import ModelFailed
from app.local.endpoint.model import ContainerAnswer, HostedModel
from tests.support.artifacts import DOUBLE, write_artifact

ECHO = """
    def model_fn(model_dir):
        return None

    def predict_fn(rows, model):
        return rows
"""


def load(tmp_path: Path, inference: str = ECHO, **files: str) -> HostedModel:
    toolkit.install()
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    with tarfile.open(write_artifact(tmp_path / "model.tar.gz", inference, **files)) as archive:
        archive.extractall(folder, filter="data")
    return HostedModel(folder)


def text(answer: ContainerAnswer) -> str:
    assert answer.status == 200, answer.body.decode()
    return answer.body.decode()


@pytest.mark.parametrize(
    ("body", "kind", "accept", "output"),
    [
        ("1,2\n3,4", "text/csv", "application/json", "[[1, 2], [3, 4]]"),
        ("1,2\n3,4", "text/csv", "text/csv", "1,2\n3,4\n"),
        ("1.5,2.5", "text/csv", "text/plain, text/csv", "1.5\n2.5\n"),
        ("[[1, 2.5]]", "application/json", "*/*", "[[1.0, 2.5]]"),
        ("1", "text/csv", "", "1"),
    ],
)
def test_the_defaults_decode_and_encode(
    tmp_path: Path, body: str, kind: str, accept: str, output: str
) -> None:
    assert text(load(tmp_path).invoke(body.encode(), kind, {"accept": accept})) == output


def test_numpy_files_go_in_and_out_but_no_pickles(tmp_path: Path) -> None:
    model, kind = load(tmp_path, DOUBLE), "application/x-npy"
    plain, pickled = io.BytesIO(), io.BytesIO()
    np.save(plain, np.array([[1, 2], [3, 4]]))
    np.save(pickled, np.array([print], dtype=object))
    answer = model.invoke(plain.getvalue(), kind, {"accept": kind})
    assert np.load(io.BytesIO(answer.body)).tolist() == [6, 14]
    assert b"allow_pickle=False" in model.invoke(pickled.getvalue(), kind, {}).body


@pytest.mark.parametrize(
    ("kind", "accept", "message"),
    [
        ("text/csv; charset=utf-8", "", "Content type text/csv; charset=utf-8 is not supported"),
        (None, "", "Content type None is not supported"),
        ("text/csv", "text/html", "Content type text/html is not supported"),
    ],
)
def test_an_unknown_type_is_a_500_as_in_the_toolkit(
    tmp_path: Path, kind: str | None, accept: str, message: str
) -> None:
    answer = load(tmp_path).invoke(b"1", kind, {"accept": accept})
    assert answer.status == 500
    assert answer.body.decode().startswith(message)


@pytest.mark.parametrize(
    ("returned", "body", "kind"),
    [
        ("'text'", b"text", "application/json"),
        ("b'\\xff'", b"\xff", "application/json"),
        ("('<p>', 'text/html')", b"<p>", "text/html"),
        ("[1, 2]", b"[\n  1,\n  2\n]", "application/json"),
    ],
)
def test_output_fn_may_return_text_bytes_a_tuple_or_json(
    tmp_path: Path, returned: str, body: bytes, kind: str
) -> None:
    answer = load(
        tmp_path, f"{ECHO}\n    def output_fn(prediction, accept):\n        return {returned}"
    ).invoke(b"1", "text/csv", {})
    assert answer == ContainerAnswer(200, body, {"content-type": kind})


def test_headers_that_cannot_be_sent_are_the_models_failure(tmp_path: Path) -> None:
    model = load(tmp_path, f"{ECHO}\n    def output_fn(prediction, accept):\n        return '', 'é'")
    assert model.invoke(b"1", "text/csv", {}).status == 500


@pytest.mark.parametrize(
    ("inference", "message"),
    [
        ("x = 1", "Please provide a model_fn implementation."),
        ("import no_such_module", "No module named 'no_such_module'"),
        ("def model_fn(): pass", "model_fn takes 0 arguments but 1 were given."),
        ("raise SystemExit('stop')", "stop"),
        ("raise KeyboardInterrupt('stop')", "stop"),
        (f"{ECHO}\n    def transform_fn(a, b, c, d): pass", "transform_fn cannot be used together"),
    ],
)
def test_what_does_not_load_says_why_and_leaves_no_module(
    tmp_path: Path, inference: str, message: str
) -> None:
    before = set(sys.modules)
    with pytest.raises(ModelFailed) as caught:
        load(tmp_path, inference)
    assert message in caught.value.message
    assert not [name for name in set(sys.modules) - before if name.startswith("local_endpoint_model_")]


def test_an_archive_without_code_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelFailed, match="Please provide a model_fn"):
        HostedModel(tmp_path)


def test_a_missing_predict_fn_is_a_failure_of_the_call(tmp_path: Path) -> None:
    answer = load(tmp_path, "def model_fn(model_dir): return None").invoke(b"1", "text/csv", {})
    assert answer.status == 500
    assert answer.body.startswith(b"Please provide a predict_fn implementation.")


def test_two_models_have_modules_of_the_same_name(tmp_path: Path) -> None:
    inference = """
        from helper import NAME

        def model_fn(model_dir):
            import late
            return late.NAME

        def transform_fn(model, body, content_type, accept):
            return f"{NAME} {model}"
    """
    path = list(sys.path)
    models = [
        load(tmp_path, inference, code__helper=f"NAME = '{name}'", code__late=f"NAME = '{name}'")
        for name in ("first", "second")
    ]
    outputs = [text(model.invoke(b"", None, {})) for model in models]
    assert outputs == ["first first", "second second"]
    assert sys.path == path
    assert not {"helper", "late", "inference"} & set(sys.modules)


def test_dataclasses_and_pickles_of_the_artifact_work_until_it_is_unloaded(tmp_path: Path) -> None:
    inference = """
        from __future__ import annotations
        import dataclasses
        import pickle

        @dataclasses.dataclass
        class Weights:
            factor: int

        def model_fn(model_dir):
            return pickle.loads(pickle.dumps(Weights(3)))

        def transform_fn(model, body, content_type, accept):
            return str(pickle.loads(pickle.dumps(model)).factor)
    """
    before = set(sys.modules)
    model = load(tmp_path, inference)
    assert text(model.invoke(b"", None, {})) == "3"
    model.unload()
    assert set(sys.modules) == before


def test_the_toolkits_modules_can_be_imported(tmp_path: Path) -> None:
    inference = """
        import sagemaker_inference.errors
        from sagemaker_inference import content_types, decoder, encoder

        def model_fn(model_dir):
            return None

        def transform_fn(model, body, content_type, accept):
            rows = decoder.decode(body, content_types.CSV)
            if rows.sum() > 10:
                raise sagemaker_inference.errors.BaseInferenceToolkitError(418, "teapot", "short")
            return encoder.encode(rows, accept), accept
    """
    model = load(tmp_path, inference)
    assert text(model.invoke(b"1,2", "text/csv", {"accept": "text/csv"})) == "1\n2\n"
    refused = model.invoke(b"1,20", "text/csv", {})
    assert (refused.status, refused.body.split(b"\n")[0]) == (418, b"teapot")
