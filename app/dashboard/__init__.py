"""The pages for people: they parse, make one service call, and render a template. Their changes are forms."""
