"""What the README's numbers say, measured on the worked example."""

import os

os.environ["USE_CASE"] = "examples.transit"
