"""H2O's own scoring client, called against a scorer: ``client.py SCORE_URL TOKEN`` with a request as input.

It runs in the platform's venv and prints what the client gets: its view of the columns, and the scores. The
client learns a deployment's address from the control plane, which a stand-in has not: here it is told.
"""

import json
import ssl
import sys
from types import SimpleNamespace

from h2o_mlops._deployments import MLOpsDeploymentScorer
from h2o_mlops.options import SecurityOptions
from h2o_mlops.types import SecurityType


def main(url: str, token: str) -> None:
    scorer = MLOpsDeploymentScorer(
        client=SimpleNamespace(_ssl_context=ssl.create_default_context()),
        metadata=SimpleNamespace(
            name="transit", scoring_interface=SimpleNamespace(score=SimpleNamespace(uri=url))
        ),
        security_options=SecurityOptions(SecurityType.PLAIN_PASSPHRASE, passphrase=token),
    )
    answers = {
        "reachable": scorer.is_reachable(auth_value=token),
        "schema": scorer.schema(auth_value=token),
        "score": scorer.score(json.load(sys.stdin), auth_value=token),
    }
    sys.stdout.write(json.dumps(answers))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
