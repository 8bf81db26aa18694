"""Scores with IBM's own client, in its own venv: what is asked comes as JSON on stdin, see test_watsonx.py.

Prints what ``deployments.score`` and ``deployments.get_details`` answer, or the client's error.
"""

import json
import sys

from ibm_watsonx_ai import APIClient, Credentials
from ibm_watsonx_ai.wml_client_error import WMLClientError

from tests.platforms.watsonx.names import lead_ibm_cloud_to


def main() -> None:
    asked = json.load(sys.stdin)
    lead_ibm_cloud_to(asked["port"])
    try:
        client = APIClient(Credentials(**asked["credentials"]))
        client.set.default_space(asked["space"])
        scored = client.deployments.score(asked["deployment"], {"input_data": asked["input_data"]})
        details = client.deployments.get_details(asked["deployment"])
        answer = {"scored": scored, "details": details}
    except WMLClientError as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    sys.stdout.write("\n" + json.dumps(answer))  # the client prints lines of its own before


if __name__ == "__main__":
    main()
