"""Moodle: filling in the grading worksheet that a teacher downloaded."""

from autograder.publish.exports.moodle.fill import fill_moodle as fill_moodle
from autograder.publish.exports.moodle.worksheet import read_worksheet as read_worksheet
