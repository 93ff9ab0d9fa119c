"""Grading a class: on a pool of processes, of one machine or of a cluster; each result is booked as it comes."""

from autograder.grading.cluster import ClusterError as ClusterError
from autograder.grading.cluster import ClusterPool as ClusterPool
from autograder.grading.pools import LocalPool as LocalPool
from autograder.grading.pools import Pool as Pool
from autograder.grading.run import grade_all as grade_all
from autograder.grading.stop import Stop as Stop
from autograder.grading.work import Identity as Identity
from autograder.grading.work import Task as Task
from autograder.grading.work import grade as grade
from autograder.grading.work import identity as identity
