"""The four files with nothing in them but what each has to offer: what ``python -m app init`` writes."""
