"""Showing results to people and to programs."""
