"""Hand-ins of a class: read from what an LMS gives an instructor to download, and matched to the people of a roster."""

from autograder.handins.collect import collect as collect
from autograder.handins.match import match as match
from autograder.handins.records import Ambiguous as Ambiguous
from autograder.handins.records import Attempt as Attempt
from autograder.handins.records import Id as Id
from autograder.handins.records import Matched as Matched
from autograder.handins.records import Person as Person
from autograder.handins.roster import RosterError as RosterError
from autograder.handins.roster import read_roster as read_roster
