"""What the numbers of docs/speed.md say, measured on the worked example."""

import os

os.environ["USE_CASE"] = "examples.transit"
