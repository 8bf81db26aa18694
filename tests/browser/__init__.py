"""The dashboard in a real browser, on the sample (make test-browser)."""
