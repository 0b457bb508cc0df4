"""Tests of the room `webhooks`, and a receiver for those of others."""
