"""From an endpoint configuration to the fleet that it deploys."""

import time
from collections.abc import Collection

from app.local.endpoint.config import EndpointConfig
from app.local.endpoint.control.asked import (
    CaptureShape,
    ConfigShape,
    ContainerShape,
    ModelShape,
    Shape,
    VariantShape,
    asked,
    refused,
)
from app.local.endpoint.control.estate import Estate
from app.local.endpoint.fleets.capture import Capture
from app.local.endpoint.fleets.fleet import PRIMARY, Fleet, FleetVariant, HostedContainer, HostedContainers
from app.local.endpoint.fleets.serverless import Environments, ServerlessLimits

LASTING = ("AsyncInferenceConfig", "ExplainerConfig")
"""Members of a configuration that DescribeEndpoint repeats."""


def deploy(estate: Estate, config: EndpointConfig, name: str, started: float | None = None) -> Fleet:
    """The fleet of a configuration, with nothing loaded yet. ValidationException where a part is missing."""
    said = estate.find("EndpointConfig", name)
    shape, started = asked(ConfigShape, said), started or time.time()
    variants = [_variant(estate, config, each, started) for each in shape.production_variants]
    about: Shape = {member: said[member] for member in LASTING if member in said}
    capture = shape.data_capture_config
    if capture is not None:
        about["DataCaptureConfig"] = _summary(capture)
    return Fleet(name, variants, started, about, _capture(capture))


def hosted(estate: Estate, name: str) -> HostedContainers:
    """What a model runs. ValidationException where there is no such model."""
    shape = asked(ModelShape, estate.find("Model", name))
    containers = [shape.primary_container] if shape.primary_container else shape.containers
    several = len(containers) > 1
    return HostedContainers(
        name,
        tuple(
            _container(estate, each, number if several else 0) for number, each in enumerate(containers, 1)
        ),
        direct=shape.inference_execution_config is not None
        and shape.inference_execution_config.mode == "Direct",
    )


def _container(estate: Estate, shape: ContainerShape, number: int) -> HostedContainer:
    default = f"container-{number}" if number else PRIMARY
    return container_at(estate, shape.container_hostname or default, shape.model_data_url, shape.mode)


def container_at(estate: Estate, name: str, url: str | None, mode: str = "SingleModel") -> HostedContainer:
    """The container of the artifact at this address. An image without one cannot run here."""
    if not url:
        raise refused(f"Container {name} has no model data: images do not run here, artifacts do.")
    source, key = estate.source(url if mode == "SingleModel" else f"{url.rstrip('/')}/")
    return HostedContainer(name, source, key if mode == "SingleModel" else None)


def _variant(estate: Estate, config: EndpointConfig, shape: VariantShape, started: float) -> FleetVariant:
    limits = shape.serverless_config
    environments = None
    if limits is not None:
        at_once, always = limits.max_concurrency, limits.provisioned_concurrency or 0
        environments = Environments(
            ServerlessLimits(at_once, always, config.cold_start_seconds), config.pause
        )
    return FleetVariant(
        shape.variant_name,
        hosted(estate, shape.model_name) if shape.model_name else None,
        shape.initial_variant_weight,
        shape.initial_instance_count,
        environments,
        _about(estate, shape, started),
    )


def _about(estate: Estate, shape: VariantShape, started: float) -> Shape:
    images = _images(estate, shape.model_name) if shape.model_name else []
    about: Shape = {
        "DeployedImages": [
            {"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": started} for image in images
        ]
    }
    if shape.serverless_config is not None:
        limits: Shape = shape.serverless_config.model_dump(by_alias=True, exclude_none=True)
        about |= {"CurrentServerlessConfig": limits, "DesiredServerlessConfig": limits}
    return about


def _images(estate: Estate, model: str) -> Collection[str]:
    shape = asked(ModelShape, estate.find("Model", model))
    containers = [shape.primary_container] if shape.primary_container else shape.containers
    return dict.fromkeys(each.image for each in containers)


def _capture(shape: CaptureShape | None) -> Capture | None:
    if shape is None or not shape.enable_capture:
        return None
    bucket, _, prefix = shape.destination_s3_uri.removeprefix("s3://").partition("/")
    modes = {option.capture_mode for option in shape.capture_options}
    both = "InputAndOutput" in modes
    types = shape.capture_content_type_header
    return Capture(
        bucket,
        prefix.strip("/"),
        shape.initial_sampling_percentage,
        {"Input", "Output"} if both else modes,
        types.csv_content_types,
        types.json_content_types,
    )


def _summary(shape: CaptureShape) -> Shape:
    return {
        "EnableCapture": shape.enable_capture,
        "CaptureStatus": "Started" if shape.enable_capture else "Stopped",
        "CurrentSamplingPercentage": shape.initial_sampling_percentage,
        "DestinationS3Uri": shape.destination_s3_uri,
        "KmsKeyId": "",
    }
