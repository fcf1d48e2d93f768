"""Refuse system calls that a notebook never needs and that attacks on the Linux kernel start from.

A filter is a program for the kernel's packet-filter machine (linux/seccomp.h, linux/filter.h): a list of steps
(operation, jump if true, jump if false, operand), jumps counted from the next step. Standard library only.
"""

import ctypes
import os
import struct
from dataclasses import dataclass

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_LOAD, _EQUAL, _AT_LEAST, _HAS_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
_ALLOW, _EPERM, _ENOSYS, _EOPNOTSUPP = 0x7FFF0000, 0x00050001, 0x00050026, 0x0005005F  # refused with errno 1, 38, 95
_X32 = 0x40000000  # x86-64's second numbering of the same calls
_NEWUSER, _AF_UNIX = 0x10000000, 1

NAMES = (  # the last four would hold memory that no limit counts
    "ptrace mount umount2 pivot_root chroot swapon reboot init_module finit_module delete_module kexec_load "
    "kexec_file_load add_key request_key keyctl unshare setns perf_event_open bpf userfaultfd process_vm_readv "
    "process_vm_writev io_uring_setup open_tree move_mount fsopen mount_setattr personality "
    "memfd_create memfd_secret shmget"
).split()


@dataclass(frozen=True)
class _Processor:
    """The numbers of one architecture's calls; `refused` stand in the order of NAMES."""

    audit: int  # its name in linux/audit.h
    clone: int
    clone3: int
    socket: int
    refused: tuple[int, ...]


_PROCESSORS = {
    "x86_64": _Processor(0xC000003E, 56, 435, 41, (
        101, 165, 166, 155, 161, 167, 169, 175, 313, 176, 246, 320, 248, 249, 250, 272, 308, 298, 321, 323, 310, 311,
        425, 428, 429, 430, 442, 135, 319, 447, 29)),
    "aarch64": _Processor(0xC00000B7, 220, 435, 198, (
        117, 40, 39, 41, 51, 224, 142, 105, 273, 106, 104, 294, 217, 218, 219, 97, 268, 241, 280, 282, 270, 271,
        425, 428, 429, 430, 442, 92, 279, 447, 194)),
}  # fmt: skip


def known() -> bool:
    """Return whether the calls of this processor are known, so that they can be refused."""
    return os.uname().machine in _PROCESSORS


def refuse_calls(network: bool = True) -> None:
    """Refuse the calls of NAMES, for good; without `network` also every socket but local ones. OSError where it
    fails."""
    processor = _PROCESSORS[os.uname().machine]
    steps = [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 1, 0, processor.audit), _refuse()]
    steps += [(_LOAD, 0, 0, _NUMBER)]
    if os.uname().machine == "x86_64":
        steps += [(_AT_LEAST, 0, 1, _X32), _refuse()]
    # clone3's flags lie in memory, out of a filter's sight: libc then falls back to clone, whose flags are an argument
    steps += [(_EQUAL, 0, 1, processor.clone3), _refuse(_ENOSYS)]
    steps += [
        (_EQUAL, 0, 4, processor.clone),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_HAS_BITS, 0, 1, _NEWUSER),
        _refuse(),
        _allow(),
    ]
    if not network:
        steps += [(_EQUAL, 0, 4, processor.socket), (_LOAD, 0, 0, _FIRST_ARGUMENT), (_EQUAL, 1, 0, _AF_UNIX)]
        steps += [_refuse(_EOPNOTSUPP), _allow()]  # an errno that ZeroMQ takes for "no such network"; others abort it
    for number in processor.refused:
        steps += [(_EQUAL, 0, 1, number), _refuse()]
    _install([*steps, _allow()])


def _refuse(answer: int = _EPERM) -> tuple[int, int, int, int]:
    return (_RETURN, 0, 0, answer)


def _allow() -> tuple[int, int, int, int]:
    return (_RETURN, 0, 0, _ALLOW)


def _install(steps: list[tuple[int, int, int, int]]) -> None:
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(code)))
    if _libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.c_void_p(ctypes.addressof(program)), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"seccomp: {os.strerror(ctypes.get_errno())}")
