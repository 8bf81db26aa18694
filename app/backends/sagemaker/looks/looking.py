"""One look at an endpoint, for all that is asked about it at the time."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeAlias

from app.aws import CALL_ERRORS, understood
from app.backends.base import BackendOptions, Deployed, Look, missing
from app.backends.sagemaker.errors import in_our_words
from app.backends.sagemaker.looks import artifacts, component, endpoint
from app.backends.sagemaker.looks.artifacts import NoTag, ObjectKey, Tag
from app.backends.sagemaker.looks.component import Component
from app.backends.sagemaker.looks.control import ControlCalls
from app.backends.sagemaker.looks.endpoint import DescribedEndpoint, Running, Variant
from app.backends.sagemaker.looks.identity import on_s3
from app.backends.sagemaker.options import Options
from app.core.errors import BackendError, BackendRefused

_threads = ThreadPoolExecutor(16, thread_name_prefix="sagemaker-look")
"""The loop's own executor has a handful of threads and is everybody's. A hanging look keeps one of these."""

SERVERLESS_BYTES = 4 * 2**20
"""Of a request body: AWS takes 4 MB from serverless endpoints."""

FoundComponents: TypeAlias = Mapping[str, Component | BackendError | None]


async def look_together(options: Sequence[BackendOptions]) -> Sequence[Look]:
    """See LooksTogether: at most a handful of calls, however many target models are asked about."""
    wanted = [each for each in options if isinstance(each, Options)]
    return await asyncio.get_running_loop().run_in_executor(_threads, look_at_all, wanted)


def look_at_all(options: Sequence[Options]) -> list[Look]:
    """The same, blocking; all are of one endpoint."""
    place = options[0]
    control = ControlCalls(place.region, f"SageMaker endpoint {place.endpoint_name!r}", place.role)
    try:
        seen = see(control, options)
    except BackendError as error:
        return [error] * len(options)
    return [_look(seen, each) if seen else None for each in options]


def see(control: ControlCalls, options: Sequence[Options]) -> "SeenEndpoint | None":
    """What there is to see of the endpoint for these options; None where we may not ask. BackendError where
    it is not there, not in service, or cannot be reached."""
    try:
        with understood():
            found = endpoint.describe(control, options[0].endpoint_name)
    except CALL_ERRORS as error:
        raise in_our_words(error, control.what) from error
    return (
        SeenEndpoint(found, _tags(control, found, options), _components(control, options)) if found else None
    )


def _look(seen: "SeenEndpoint", options: Options) -> Look:
    try:
        return seen.deployed(options)
    except BackendError as error:
        return error


def _tags(
    control: ControlCalls, found: DescribedEndpoint, options: Sequence[Options]
) -> Mapping[ObjectKey, Tag] | BackendError:
    places = {
        place
        for each in options
        if each.target_model and not each.inference_component
        for variant in found.variants
        if each.target_variant in (None, variant.name) and (place := target_place(variant.runs, each))
    }
    try:
        with understood():
            return artifacts.etags(control, places)
    except CALL_ERRORS as error:
        return in_our_words(error, control.what)


def _components(control: ControlCalls, options: Sequence[Options]) -> FoundComponents:
    names = {each.inference_component for each in options if each.inference_component}
    components = component.Components(control)
    return {name: _component(control, components, name) for name in sorted(names)}


def _component(
    control: ControlCalls, components: component.Components, name: str
) -> Component | BackendError | None:
    try:
        with understood():
            return components.describe(name)
    except CALL_ERRORS as error:
        return in_our_words(error, control.what)
    except BackendError as error:
        return error


def of_named_container(runs: Running, options: Options) -> Running:
    """Of a model with several containers the one that the options name, if they do."""
    container = options.target_container_hostname
    return runs.of_container(container) if container and container in runs.by_container else runs


def target_place(runs: Running, options: Options) -> ObjectKey | None:
    """Where the artifact of the options' target model is; None where that is not known."""
    prefix = on_s3(of_named_container(runs, options).target_prefix)
    if prefix is None or not options.target_model:
        return None
    bucket, path = prefix
    return bucket, "/".join(filter(None, (path.strip("/"), options.target_model)))


@dataclass(frozen=True)
class SeenEndpoint:
    """What one look saw."""

    endpoint: DescribedEndpoint
    tags: Mapping[ObjectKey, Tag] | BackendError
    components: FoundComponents

    def deployed(self, options: Options) -> Deployed | None:
        """What is in service for these options; None where nobody may say. BackendError says why nothing
        can be told of them."""
        self._require_kind(options)
        asked = self._asked(options)
        if options.inference_component:
            return self._by_component(options.inference_component)
        if not self.endpoint.variants:
            return self._found(frozenset({self.endpoint.config}), {})
        revisions = {variant.name: self._revision(variant.runs, options) for variant in asked}
        told = {name: revision for name, revision in revisions.items() if revision is not None}
        if len(told) < len(asked):
            return None
        found = self._found(frozenset(told.values()), told, unclear=any(each.runs.unclear for each in asked))
        return (
            replace(found, most_bytes=SERVERLESS_BYTES)
            if any(each.is_serverless for each in asked)
            else found
        )

    def running(self, options: Options) -> list[tuple[Running, str]]:
        """What may answer, each with its revision. Empty where that is not known; raises as ``deployed``."""
        found = self.deployed(options)
        if options.inference_component:
            part = self.components[options.inference_component]
            return [(part.runs, part.runs.revision)] if isinstance(part, Component) and part.runs else []
        told = found.variants if found else {}
        return [(each.runs, told[each.name]) for each in self.endpoint.variants if each.name in told]

    def _require_kind(self, options: Options) -> None:
        """BackendMissing where the endpoint was not made for what the options want of it."""
        if options.explained_by == "clarify" and not self.endpoint.explains:
            raise missing(options.describe(), "explainer", "the endpoint has no SageMaker Clarify explainer")
        if options.submits and not self.endpoint.is_asynchronous:
            raise missing(options.describe(), "asynchronous", "this is no asynchronous endpoint")

    def _asked(self, options: Options) -> list[Variant]:
        """The variants that may answer."""
        if options.target_variant is None:
            asked = [variant for variant in self.endpoint.variants if variant.takes_traffic]
            if self.endpoint.variants and not asked:
                raise BackendRefused(f"{options.describe()}: no variant of it takes traffic.")
            return asked
        asked = [variant for variant in self.endpoint.variants if variant.name == options.target_variant]
        if self.endpoint.variants and not asked:
            names = ", ".join(variant.name for variant in self.endpoint.variants)
            known = f"the endpoint has no such variant; it has {names}"
            raise missing(options.describe(), "target_variant", known)
        return asked

    def _revision(self, runs: Running, options: Options) -> str | None:
        runs = _asked_container(runs, options)
        if not options.target_model:
            if runs.is_multi_model:  # it answers nobody who names no model
                needed = "a target model is needed: this is a multi-model endpoint"
                raise missing(options.describe(), "target_model", needed)
            return runs.revision
        if isinstance(self.tags, BackendError):
            raise self.tags
        place = target_place(runs, options)
        tag = self.tags[place] if place else NoTag.NOT_TOLD
        if tag is NoTag.GONE:
            absent = "there is no such artifact under its prefix"
            raise missing(options.describe(), "target_model", absent)
        if tag is NoTag.NOT_ASKED:
            return None
        return runs.of_target(tag if isinstance(tag, str) else "", self.endpoint.config)

    def _by_component(self, name: str) -> Deployed:
        """That a component cannot be seen leaves what surrounds it."""
        found = self.components[name]
        if isinstance(found, BackendError):
            raise found
        if found is None or found.runs is None:
            return self._found(frozenset({self.endpoint.config}), {}, found)
        return self._found(frozenset({found.runs.revision}), {}, found, unclear=found.runs.unclear)

    def _found(
        self,
        revisions: frozenset[str],
        variants: Mapping[str, str],
        of: Component | None = None,
        *,
        unclear: bool = False,
    ) -> Deployed:
        pending = self.endpoint.pending or (of is not None and of.pending)
        surroundings, changed = self.endpoint.surroundings, self.endpoint.changed
        if of is not None:
            surroundings, changed = f"{surroundings} {of.surroundings}", f"{changed} {of.changed}"
        return Deployed(
            *(revisions, variants, pending), unclear=unclear, surroundings=surroundings, changed=changed
        )


def _asked_container(runs: Running, options: Options) -> Running:
    """What answers, of a model with several containers. BackendMissing where AWS would answer nobody."""
    name = options.target_container_hostname
    if not runs.containers or (name is None and not runs.is_direct):
        return runs
    if name and name in runs.by_container and runs.is_direct:
        return runs.of_container(name)
    if not runs.is_direct:
        said = "the endpoint's model has no containers that are invoked directly"
    else:
        said = f"the name of one of the model's containers is needed: {', '.join(runs.by_container)}"
    raise missing(options.describe(), "target_container_hostname", said)
