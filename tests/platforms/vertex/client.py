"""Calls by Google's own generated clients, in the platform's venv.

``python client.py ADDRESS KEY_FILE`` reads a JSON list of [endpoint's name, instances] from its input (null
instead of instances gets the endpoint) and prints the outcomes; a refusal is the class that was raised.
"""

import json
import sys

from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import GoogleAPICallError
from google.auth.transport.requests import Request
from google.cloud.aiplatform_v1 import (
    Endpoint,
    EndpointServiceClient,
    PredictionServiceClient,
    PredictResponse,
)
from google.oauth2 import credentials, service_account
from google.protobuf.json_format import ParseDict
from google.protobuf.struct_pb2 import Value
from pydantic import JsonValue

SECONDS = 30.0


def main(address: str, key_file: str) -> None:
    caller = {
        "credentials": _token(key_file),
        "client_options": ClientOptions(api_endpoint=address),
        "transport": "rest",
    }
    endpoints, models = EndpointServiceClient(**caller), PredictionServiceClient(**caller)
    outcomes: list[JsonValue] = []
    for name, instances in json.load(sys.stdin):
        try:
            if instances is None:
                got = endpoints.get_endpoint(name=name, retry=None, timeout=SECONDS)
                outcomes.append(Endpoint.to_dict(got))
            else:
                values = [ParseDict(instance, Value()) for instance in instances]
                reply = models.predict(endpoint=name, instances=values, retry=None, timeout=SECONDS)
                outcomes.append(PredictResponse.to_dict(reply))
        except GoogleAPICallError as error:
            outcomes.append({"raised": type(error).__name__, "message": error.message})
    json.dump(outcomes, sys.stdout)


def _token(key_file: str) -> credentials.Credentials:
    """A token from the key's token server; left to itself the client signs each call with the key."""
    account = service_account.Credentials.from_service_account_file(
        key_file, scopes=["https://www.googleapis.com/auth/cloud-platform"]
    )
    account.refresh(Request())
    return credentials.Credentials(account.token)


if __name__ == "__main__":
    main(*sys.argv[1:])
