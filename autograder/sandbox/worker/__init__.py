"""The untrusted side: what runs in the worker's process, together with the hand-in.

`bootstrap` starts it there. The parent imports nothing from this folder.
"""
