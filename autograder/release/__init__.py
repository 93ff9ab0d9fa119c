"""Handing out: what students get of an assignment, made from what instructors have. See docs/releasing.md."""
