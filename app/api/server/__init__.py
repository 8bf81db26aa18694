"""Where requests come from: the HTTP server, and what it lets in."""
