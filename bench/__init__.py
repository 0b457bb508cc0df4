"""Measures what this project promises of its speed; nothing here is part of the package or the service."""
