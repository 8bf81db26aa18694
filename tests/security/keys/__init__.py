"""Nobody gets in who does not belong: every door of the running service, tried."""
