"""What the tests of load run on: a slow model, callers, a proxy, and services with a fault put into them."""
