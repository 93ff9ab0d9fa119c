"""Canvas: filling in one column of its gradebook, and what an upload would do to it."""

from autograder.publish.exports.canvas.download import read_gradebook as read_gradebook
from autograder.publish.exports.canvas.dryrun import dry_run as dry_run
from autograder.publish.exports.canvas.fill import fill_canvas as fill_canvas
