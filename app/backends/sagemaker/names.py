"""What the things of a SageMaker account may be called."""

from typing import Annotated

from pydantic import StringConstraints

# boto3 sends any name; these are the service's rules (API reference of InvokeEndpoint).
SageMakerName = Annotated[str, StringConstraints(max_length=63, pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9])*$")]
