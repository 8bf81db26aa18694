"""The content types of the toolkit's defaults. They are compared exactly: parameters are not understood."""

JSON = "application/json"
CSV = "text/csv"
OCTET_STREAM = "application/octet-stream"
ANY = "*/*"
NPY = "application/x-npy"
UTF8_TYPES = (JSON, CSV)
