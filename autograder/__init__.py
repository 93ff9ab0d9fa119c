"""The autograder: checks, sandbox, gradebook and publishing. Its entry point is `autograder.cli`."""
