"""An account as the control plane and S3 show it."""

import json
from collections.abc import Callable
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from pydantic import JsonValue

from app.backends.base import Backend
from tests.support.aws_stub import Answer, AwsStub, Request, control_error, reply

Opener = Callable[..., Backend]
DENIED = control_error("AccessDeniedException")
NO_KEY = Answer(404, b"<Error><Code>NoSuchKey</Code><Message>secret</Message></Error>")
MULTI: dict[str, JsonValue] = {"Image": "i", "Mode": "MultiModel", "ModelDataUrl": "s3://bucket/models/"}
PAGE = 1000


def unknown(kind: str) -> Answer:
    """As the control plane says that there is none."""
    message = f'Could not find {kind} "arn:aws:sagemaker:us-east-1:123456789012:x/secret".'
    return control_error("ValidationException", message)


def single(model: str = "1") -> dict[str, JsonValue]:
    """The container of a model with one artifact."""
    return {"Image": "i", "Mode": "SingleModel", "ModelDataUrl": f"s3://bucket/models/{model}.tar.gz"}


class Account:
    """The endpoint ``churn`` with one variant, all, that runs the model churn-1; a test changes what it
    likes, or the whole ``answers`` of an operation (that of S3 is empty, of its listing "List")."""

    def __init__(self, aws: AwsStub) -> None:
        self.answers: dict[str, Answer] = {}
        self.endpoint: dict[str, JsonValue] = {
            "EndpointConfigName": "config-1",
            "EndpointStatus": "InService",
        }
        self.variants: dict[str, dict[str, JsonValue]] = {}
        """What DescribeEndpoint says of each."""
        self.runs: dict[str, str] = {}
        """The model of each variant."""
        self.models: dict[str, JsonValue] = {"churn-1": single()}
        """Containers, a list of them for a pipeline."""
        self.direct: set[str] = set()
        """Models with several containers of which each call names one."""
        self.components: dict[str, JsonValue] = {}
        self.objects = {"models/1.tar.gz": "abc", "models/m.tar.gz": "abc"}
        """ETags by key."""
        self.modified = "Wed, 01 Jan 2020 00:00:00 GMT"
        self.serves(all="churn-1")
        self.aws = aws
        aws.respond = self.respond

    def serves(self, **models: str) -> None:
        """These variants, with these models."""
        self.runs = models
        self.variants = {name: {"CurrentWeight": 1.0} for name in models}

    def respond(self, request: Request) -> Answer:
        operation = request.operation or ("List" if "list-type=2" in request.path else "")
        if operation in self.answers:
            return self.answers[operation]
        asked = json.loads(request.body) if request.operation else {}
        match operation:
            case "DescribeEndpoint":
                variants: JsonValue = [
                    {"VariantName": name, **about} for name, about in self.variants.items()
                ]
                return reply({**self.endpoint, "ProductionVariants": variants})
            case "DescribeEndpointConfig":
                runs: JsonValue = [{"VariantName": name, "ModelName": run} for name, run in self.runs.items()]
                return reply({"ProductionVariants": runs})
            case "DescribeModel":
                about = self.models[asked["ModelName"]]
                kind = "Containers" if isinstance(about, list) else "PrimaryContainer"
                mode = "Direct" if asked["ModelName"] in self.direct else "Serial"
                execution: dict[str, JsonValue] = {"InferenceExecutionConfig": {"Mode": mode}}
                if kind == "PrimaryContainer":
                    execution = {}
                return reply({"ModelName": asked["ModelName"], kind: about, **execution})
            case "DescribeInferenceComponent":
                return reply(self.components[asked["InferenceComponentName"]])
            case "List":
                return self._listing(parse_qs(urlsplit(request.path).query))
        return self._object(unquote(urlsplit(request.path).path).removeprefix("/bucket/"))

    def _object(self, key: str) -> Answer:
        if key not in self.objects:
            return NO_KEY
        return Answer(headers={"ETag": f'"{self.objects[key]}"', "Last-Modified": self.modified})

    def _listing(self, asked: dict[str, list[str]]) -> Answer:
        after, prefix = asked.get("start-after", [""])[0], asked.get("prefix", [""])[0]
        keys = sorted(key for key in self.objects if key > after and key.startswith(prefix))
        most = min(PAGE, int(asked.get("max-keys", [str(PAGE)])[0]))
        entries = "".join(
            f"<Contents><Key>{escape(key)}</Key><ETag>&quot;{self.objects[key]}&quot;</ETag></Contents>"
            for key in keys[:most]
        )
        truncated = str(len(keys) > most).lower()
        body = f"<Name>bucket</Name><IsTruncated>{truncated}</IsTruncated>{entries}"
        return Answer(body=f"<ListBucketResult>{body}</ListBucketResult>".encode())

    @property
    def operations(self) -> list[str]:
        """What was asked, in order: operations of the control plane, paths of S3."""
        return [request.operation or urlsplit(request.path).path for request in self.aws.requests]
