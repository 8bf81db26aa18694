"""What answers behind an endpoint: fleets of variants, and which of them a call goes to."""
