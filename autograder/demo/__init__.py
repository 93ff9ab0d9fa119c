"""The demo: a sample class, graded and published with the commands that an instructor types."""
