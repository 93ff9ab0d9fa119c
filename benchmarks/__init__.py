"""Side by side with other libraries: ours, theirs, and the ratio."""
