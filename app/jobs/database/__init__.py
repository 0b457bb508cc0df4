"""Connections, and everything that differs between databases."""
