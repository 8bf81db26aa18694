"""Whether a batch transform job runs what the endpoint has deployed: then their predictions are the same."""

from typing import TYPE_CHECKING

from app.aws import CALL_ERRORS, understood
from app.backends.sagemaker.errors import in_our_words
from app.backends.sagemaker.looks import identity
from app.backends.sagemaker.looks.control import ControlCalls
from app.backends.sagemaker.looks.endpoint import Running, running
from app.backends.sagemaker.looks.looking import see, target_place
from app.backends.sagemaker.options import Options
from app.backends.sagemaker.transform_options import Transform
from app.core.errors import BackendRefused

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import DescribeModelOutputTypeDef


class TransformRevision:
    """Asks the control plane. Blocking."""

    def __init__(self, options: Options, transform: Transform) -> None:
        self._options, self._name = options, transform.model_name
        self._control = ControlCalls(options.region, options.describe(), options.role)

    def read(self, noted: str) -> str:
        """The revision under which the job's predictions are kept; raises BackendError.

        Where the endpoint runs the same model, it is the endpoint's, so that each finds what the other made.
        Where it does not, or we may not see whether it does, it is the model's own. Where there is no
        endpoint, or nobody may ask, the version's options are all that is known, as for its endpoint.
        """
        try:
            with understood():
                return self._read(noted)
        except CALL_ERRORS as error:
            raise in_our_words(error, self._control.what) from error

    def _read(self, noted: str) -> str:
        try:
            seen = see(self._control, [self._options])
            if seen is None:
                return noted
            hosted = seen.running(self._options)
        except BackendRefused:  # no such endpoint: what is noted is of one that was there before
            return self._own(self._control.model(self._name)) if noted else noted
        ours = self._control.model(self._name)
        same = (revision for runs, revision in hosted if self._is_the_same(ours, runs))
        return next(same, None) or self._own(ours)

    def _is_the_same(self, ours: "DescribeModelOutputTypeDef | None", theirs: Running) -> bool:
        """By name, or by what makes the answers; a target model is an artifact of a model with many."""
        if not self._options.target_model and theirs.name == self._name:
            return True
        place = target_place(theirs, self._options)
        url = f"s3://{'/'.join(place)}" if place else ""
        expected = [identity.content(each, url=url) for each in theirs.containers]
        return bool(ours and expected) and expected == [
            identity.content(each, url=identity.artifact_url(each) if url else "")
            for each in (identity.containers_of(ours) if ours else ())
        ]

    def _own(self, ours: "DescribeModelOutputTypeDef | None") -> str:
        if ours is None:
            return f"model {self._name}"
        return (
            f"model {running(self._control, self._name, identity.containers_of(ours), {}, '', ()).revision}"
        )
