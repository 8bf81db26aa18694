"""``python healthcheck.py PORT PATH``: 0 if this container answers 200 there. The image has no curl."""

import http.client
import sys

port, path = sys.argv[1:]
connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=4)
try:
    connection.request("GET", path)
    response = connection.getresponse()
except OSError as error:
    sys.exit(f"No answer: {error}")
sys.exit(None if response.status == 200 else f"{response.status} {response.read(2000).decode()}")
