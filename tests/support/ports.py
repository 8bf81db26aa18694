"""Ports for servers that cannot pick their own."""

from app.local.ports import free_ports

__all__ = ["free_ports"]
