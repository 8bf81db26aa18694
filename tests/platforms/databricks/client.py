"""Calls by Databricks' own client, in the platform's venv.

``python client.py HOST AUTH_TYPE`` takes the credentials from the environment as the client does, reads a
JSON list of [endpoint, columns, rows] (rows null: get the endpoint) from its input and prints the list of
outcomes; a refusal is the class that the client raised.
"""

import json
import sys

from databricks.sdk import WorkspaceClient
from databricks.sdk.core import Config
from databricks.sdk.errors import DatabricksError
from databricks.sdk.service.serving import DataframeSplitInput


def main(host: str, auth_type: str) -> None:
    client = WorkspaceClient(config=Config(host=host, auth_type=auth_type, retry_timeout_seconds=20))
    outcomes = [outcome(client, *call) for call in json.load(sys.stdin)]
    json.dump(outcomes, sys.stdout)


def outcome(
    client: WorkspaceClient, endpoint: str, columns: list[str], rows: list[list[float | None]] | None
) -> list[object]:
    """[name of what answered, predictions], [names, versions] of what is served, or [the error's class]."""
    try:
        if rows is None:
            entities = client.serving_endpoints.get(endpoint).config.served_entities
            return [[entity.name for entity in entities], [entity.entity_version for entity in entities]]
        split = DataframeSplitInput(columns=columns, data=rows)
        answer = client.serving_endpoints.query(endpoint, dataframe_split=split)
        return [answer.served_model_name, answer.predictions]
    except DatabricksError as error:
        return [type(error).__name__]


if __name__ == "__main__":
    main(*sys.argv[1:])
