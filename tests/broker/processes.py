"""What a command has left behind: processes, told by their temporary folder, and files in it."""

from pathlib import Path

import psutil


def is_running(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and is not collected yet does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def is_frozen(pid: int) -> bool:
    """Tell whether a process is stopped and can go on."""
    return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)


def given(folder: Path) -> dict[str, int]:
    """Return name and id of the processes whose TMPDIR is a folder; children inherit it."""
    return {each.name(): each.pid for each in psutil.process_iter() if _is_given(each, folder)}


def files_in(folder: Path) -> list[str]:
    """Return the names of what a folder holds."""
    return sorted(path.name for path in folder.iterdir())


def _is_given(process: psutil.Process, folder: Path) -> bool:
    try:
        return bool(process.environ().get("TMPDIR") == str(folder))
    except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
        return False
