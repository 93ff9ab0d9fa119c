"""Pages for people: a student's, and the instructor's."""

from autograder.publish.pages.classroom import write_class_pages as write_class_pages
from autograder.publish.pages.student import student_page as student_page
