"""InvokeEndpoint: signed by botocore and sent by aiohttp, or the whole of it through boto3 in threads."""
