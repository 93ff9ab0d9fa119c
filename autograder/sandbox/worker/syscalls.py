"""A filter of system calls, as seccomp takes it: what a hand-in has no business to ask of the kernel is refused.

What is refused fails with EPERM, a PermissionError in Python. Everything else is as it was: files are another
matter, which the tier sees to. The numbers are those of x86_64 and of aarch64, None where that has no such call.
"""

from __future__ import annotations

import errno
import platform
import sys
from typing import NamedTuple

Number = tuple[int | None, int | None]

MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""The column of the tables below, and the kernel's name for the machine."""

PROCESSES: dict[str, Number] = {"fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281)}
CONNECTIONS: dict[str, Number] = {
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201),
    "accept": (43, 202), "accept4": (288, 242),
}  # fmt: skip
OTHER_PROCESSES: dict[str, Number] = {
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "process_madvise": (440, 440), "process_mrelease": (448, 448), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424), "kcmp": (312, 272), "move_pages": (279, 239), "migrate_pages": (256, 238),
    "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "setpriority": (141, 140),
    "ioprio_set": (251, 30), "sched_setparam": (142, 118), "sched_setscheduler": (144, 119),
    "sched_setattr": (314, 274), "sched_setaffinity": (203, 122), "setpgid": (109, 154), "setsid": (112, 157),
    "setrlimit": (160, 164), "perf_event_open": (298, 241),
}  # fmt: skip
# Landlock does not mind these, also outside of the folders that it allows to be written to.
FILES_ELSEWHERE: dict[str, Number] = {
    "truncate": (76, 45), "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "chown": (92, None),
    "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54), "utime": (132, None), "utimes": (235, None),
    "futimesat": (261, None), "utimensat": (280, 88), "setxattr": (188, 5), "lsetxattr": (189, 6),
    "fsetxattr": (190, 7), "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "mknod": (133, None), "mknodat": (259, 33), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    "quotactl": (179, 60), "quotactl_fd": (443, 443), "fanotify_init": (300, 262), "fanotify_mark": (301, 263),
}  # fmt: skip
# What outlives a process, and memory that no limit counts.
LEFT_BEHIND: dict[str, Number] = {
    "shmget": (29, 194), "shmctl": (31, 195), "shmat": (30, 196), "semget": (64, 190), "msgget": (68, 186),
    "mq_open": (240, 180), "mq_unlink": (241, 181), "memfd_create": (319, 279), "memfd_secret": (447, 447),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
}  # fmt: skip
SURROUNDINGS: dict[str, Number] = {
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "mount_setattr": (442, 442), "move_mount": (429, 429), "open_tree": (428, 428),
    "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "setuid": (105, 146),
    "setgid": (106, 144), "setreuid": (113, 145), "setregid": (114, 143), "setresuid": (117, 147),
    "setresgid": (119, 149), "setfsuid": (122, 151), "setfsgid": (123, 152), "setgroups": (116, 159),
    "capset": (126, 91), "personality": (135, 92),
}  # fmt: skip
# Also the parts of the kernel that have had the most faults.
MACHINE: dict[str, Number] = {
    "bpf": (321, 280), "userfaultfd": (323, 282), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427), "init_module": (175, 105), "finit_module": (313, 273),
    "delete_module": (176, 106), "kexec_load": (246, 104), "kexec_file_load": (320, 294), "reboot": (169, 142),
    "swapon": (167, 224), "swapoff": (168, 225), "acct": (163, 89), "syslog": (103, 116), "sethostname": (170, 161),
    "setdomainname": (171, 162), "settimeofday": (164, 170), "clock_settime": (227, 112), "clock_adjtime": (305, 266),
    "adjtimex": (159, 171), "iopl": (172, None), "ioperm": (173, None), "modify_ldt": (154, None),
    "vhangup": (153, 58), "lookup_dcookie": (212, 18), "uselib": (134, None), "ustat": (136, None),
    "sysfs": (139, None), "nfsservctl": (180, 42),
}  # fmt: skip
CONDITIONAL: dict[str, Number] = {
    "clone": (56, 220), "clone3": (435, 435), "kill": (62, 129), "tgkill": (234, 131), "prlimit64": (302, 261),
    "fcntl": (72, 25), "ioctl": (16, 29), "prctl": (157, 167),
}  # fmt: skip
LAST = 450
"""The newest call that the tables were made with. To a hand-in, the kernel does not know a newer one."""

_LOAD, _EQUAL, _AT_LEAST, _HAS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _MACHINE, _ARGUMENTS = 0, 4, 16
_KILL, _ALLOW = 0x80000000, 0x7FFF0000
_REFUSE, _UNKNOWN = 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS
_X32 = 0x40000000  # another set of numbers for the same calls
_CLONE_THREAD, _CLONE_NAMESPACES = 0x10000, 0x7E020000
_SIGNAL_OTHERS = (8, 15)  # fcntl: F_SETOWN, F_SETOWN_EX
_SIGNAL_OTHERS_TOO = (0x8901, 0x8902, 0x5412)  # ioctl: FIOSETOWN, SIOCSPGRP; TIOCSTI types on a terminal
_OUTLIVE_PARENT = (1,)  # prctl: PR_SET_PDEATHSIG


class Step(NamedTuple):
    """One instruction: what, how many to skip if it holds and if not, and the value it is about."""

    code: int
    yes: int
    no: int
    value: int


def machine() -> str:
    """Return the name of this machine if there is a filter for it, else nothing."""
    known = sys.platform == "linux" and sys.maxsize > 2**32 and platform.machine() in MACHINES
    return platform.machine() if known else ""


def refused(*, processes: bool) -> dict[str, Number]:
    """Return the calls that fail whatever they are given. processes: whether others may be started."""
    always = CONNECTIONS | OTHER_PROCESSES | FILES_ELSEWHERE | LEFT_BEHIND | SURROUNDINGS | MACHINE
    return always if processes else always | PROCESSES


def program(name: str, pid: int, *, processes: bool) -> list[Step]:
    """Return the filter for a machine. pid: of the process it is for. processes: whether it may start others."""
    column, code = MACHINES[name]
    clone = _refuse_flags(0, _CLONE_NAMESPACES) if processes else _demand_flags(0, _CLONE_THREAD)
    conditions = {
        "clone": clone,
        "clone3": [_return(_UNKNOWN)],  # its flags are out of sight; the C library then takes clone
        "kill": _demand((0, pid)),
        "tgkill": _demand((0, pid)),
        "prlimit64": _demand((0, 0), (4, 0), (5, 0)),  # to look at its own, no new limit given
        "fcntl": _refuse(1, _SIGNAL_OTHERS),
        "ioctl": _refuse(1, _SIGNAL_OTHERS_TOO),
        "prctl": _refuse(0, _OUTLIVE_PARENT),
    }
    steps = [Step(_LOAD, 0, 0, _MACHINE), Step(_EQUAL, 1, 0, code), _return(_KILL), Step(_LOAD, 0, 0, _NUMBER)]
    steps += [Step(_AT_LEAST, 0, 1, _X32), _return(_REFUSE), Step(_AT_LEAST, 0, 1, LAST + 1), _return(_UNKNOWN)]
    for numbers in refused(processes=processes).values():
        if (number := numbers[column]) is not None:
            steps += [Step(_EQUAL, 0, 1, number), _return(_REFUSE)]
    for call, condition in conditions.items():
        steps += [Step(_EQUAL, 0, len(condition), CONDITIONAL[call][column] or 0), *condition]
    return [*steps, _return(_ALLOW)]


def _demand(*halves: tuple[int, int]) -> list[Step]:
    """Refuse unless each half of an argument, by number, has that value: 0 and 1 are the low and high of the first."""
    steps: list[Step] = []
    for half, value in halves:
        steps += [Step(_LOAD, 0, 0, _ARGUMENTS + 4 * half), Step(_EQUAL, 1, 0, value), _return(_REFUSE)]
    return [*steps, _return(_ALLOW)]


def _refuse(argument: int, values: tuple[int, ...]) -> list[Step]:
    """Refuse if the argument has one of those values."""
    steps = [_load(argument)]
    for value in values:
        steps += [Step(_EQUAL, 0, 1, value), _return(_REFUSE)]
    return [*steps, _return(_ALLOW)]


def _demand_flags(argument: int, flags: int) -> list[Step]:
    return [_load(argument), Step(_HAS, 1, 0, flags), _return(_REFUSE), _return(_ALLOW)]


def _refuse_flags(argument: int, flags: int) -> list[Step]:
    return [_load(argument), Step(_HAS, 0, 1, flags), _return(_REFUSE), _return(_ALLOW)]


def _load(argument: int) -> Step:
    """Load the low half of an argument, which is the first on both machines."""
    return Step(_LOAD, 0, 0, _ARGUMENTS + 8 * argument)


def _return(what: int) -> Step:
    return Step(_RETURN, 0, 0, what)
