"""Webhooks: what is sent of a job to a URL, and `verify` for whoever receives it."""

from .signature import HEADER, verify

__all__ = ["HEADER", "verify"]
