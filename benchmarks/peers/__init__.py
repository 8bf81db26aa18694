"""What the service is measured against: the same answers from the same tables, each in its own way.

They read three variables: DSN, MODEL and PIPELINE_VERSION.
"""
