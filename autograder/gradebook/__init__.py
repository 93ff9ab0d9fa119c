"""The gradebook of a class: a ledger that is only added to, and what everybody's score is by it, and why."""

from autograder.gradebook.book import Book as Book
from autograder.gradebook.course import ClassError as ClassError
from autograder.gradebook.course import ClassRules as ClassRules
from autograder.gradebook.course import class_rules as class_rules
from autograder.gradebook.entries import Entry as Entry
from autograder.gradebook.entries import Kind as Kind
from autograder.gradebook.keys import Key as Key
from autograder.gradebook.keys import assignment_sha256 as assignment_sha256
from autograder.gradebook.keys import environment_sha256 as environment_sha256
from autograder.gradebook.keys import grader_sha256 as grader_sha256
from autograder.gradebook.line import Line as Line
from autograder.gradebook.line import Lines as Lines
from autograder.gradebook.records import Pending as Pending
from autograder.gradebook.records import Stored as Stored
from autograder.gradebook.releases import Release as Release
from autograder.gradebook.releases import Releases as Releases
from autograder.gradebook.store import BookError as BookError
from autograder.gradebook.view import Gradebook as Gradebook
from autograder.gradebook.view import Row as Row
