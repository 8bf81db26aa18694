"""What makes a model's answers: its containers' images, artifacts and environments. From DescribeModel.

Instance types, weights, networks, roles and data capture make none.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import JsonValue

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import (
        ContainerDefinitionOutputTypeDef,
        DeployedImageTypeDef,
        DescribeModelOutputTypeDef,
    )

PLAIN = {"S3DataType": "S3Object", "CompressionType": "Gzip"}
"""Of a ModelDataSource that says no more than ModelDataUrl; DescribeModel may give both."""
SOURCE = ("S3DataType", "CompressionType", "ManifestS3Uri", "ManifestEtag", "HubAccessConfig")
PARTS = (
    *("Image", "Environment", "AdditionalModelDataSources"),
    *("ModelPackageName", "InferenceSpecificationName"),
)


def containers_of(model: "DescribeModelOutputTypeDef") -> list["ContainerDefinitionOutputTypeDef"]:
    """Its one container, or those of a pipeline."""
    primary = model.get("PrimaryContainer")
    return [primary] if primary else model.get("Containers", [])


def are_called_directly(model: "DescribeModelOutputTypeDef") -> bool:
    """Whether a call names the one of its containers that is to answer."""
    return model.get("InferenceExecutionConfig", {}).get("Mode") == "Direct"


def artifact_url(container: "ContainerDefinitionOutputTypeDef") -> str:
    """Where its artifact is, or the prefix of its target models; empty where it has none."""
    source = container.get("ModelDataSource", {}).get("S3DataSource")
    return container.get("ModelDataUrl") or (source["S3Uri"] if source else "")


def single_artifact(container: "ContainerDefinitionOutputTypeDef") -> str:
    """The address of its one artifact; empty where it has none, or a prefix of several objects."""
    url, source = artifact_url(container), container.get("ModelDataSource", {}).get("S3DataSource")
    several = container.get("Mode") == "MultiModel" or (source and source.get("S3DataType") == "S3Prefix")
    return "" if several or url.endswith("/") else url


def has_hidden_sources(container: "ContainerDefinitionOutputTypeDef") -> bool:
    """Whether it runs objects on S3 whose content nothing here tells: all below a prefix, or further ones."""
    source = container.get("ModelDataSource", {}).get("S3DataSource")
    if source and source.get("S3DataType") == "S3Prefix" and not source.get("ManifestEtag"):
        return True
    return bool(container.get("AdditionalModelDataSources"))


def script_url(container: "ContainerDefinitionOutputTypeDef") -> str:
    """Where the code is that AWS's framework containers run, if it is an archive of its own."""
    url = container.get("Environment", {}).get("SAGEMAKER_SUBMIT_DIRECTORY", "")
    return url if url.startswith("s3://") and not url.endswith("/") else ""


def on_s3(url: str) -> tuple[str, str] | None:
    """Bucket and key, None where it is elsewhere."""
    place = urlsplit(url, allow_fragments=False)
    return (place.netloc, place.path.lstrip("/")) if place.scheme == "s3" else None


def resolved(images: Sequence["DeployedImageTypeDef"]) -> dict[str, str]:
    """The digests behind the images' tags, as they were when they were deployed."""
    return {
        image["SpecifiedImage"]: image["ResolvedImage"]
        for image in images
        if "SpecifiedImage" in image and "ResolvedImage" in image
    }


def content(
    container: "ContainerDefinitionOutputTypeDef", images: Mapping[str, str] | None = None, url: str = ""
) -> dict[str, JsonValue]:
    """What makes the container's answers; ``url`` is the artifact where it is one of its target models."""
    described: Mapping[str, JsonValue] = json.loads(json.dumps(container, default=str))
    parts = {name: described[name] for name in PARTS if described.get(name)}
    image = container.get("Image", "")
    parts["Image"] = (images or {}).get(image, image)
    parts["Artifact"] = url or artifact_url(container)
    if not url:
        parts |= _beside_the_url(container)
    return parts


def _beside_the_url(container: "ContainerDefinitionOutputTypeDef") -> dict[str, JsonValue]:
    source: Mapping[str, JsonValue] = json.loads(
        json.dumps(container.get("ModelDataSource", {}).get("S3DataSource", {}))
    )
    return {name: source[name] for name in SOURCE if source.get(name) not in (None, PLAIN.get(name))}


def digest(parts: JsonValue) -> str:
    """Twelve hexadecimal digits that tell these parts from others."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]
