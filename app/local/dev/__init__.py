"""The service under development: everything around the user's own files, and a restart at each save."""
