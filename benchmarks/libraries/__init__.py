"""One module a library: each makes the same problems its own, as a user of that library would write them.

A function takes a problem's sizes and returns a `Prepared`. `version()` names the library, `pools()` its threads.
"""
