"""Running other programs: one place that captures output and names what failed."""

import os
import subprocess


class CommandFailed(Exception):
    """A program ended with a status other than zero; the text is what it said."""

    def __init__(self, words, status, output):
        super().__init__(f"{' '.join(words)}: status {status}: {output.strip()}")
        self.status = status
        self.output = output


def run(*words, check=True, environment=None, text=None, timeout=60):
    """The output (both streams) of a program; raises CommandFailed unless told otherwise."""
    merged = dict(os.environ, LC_ALL="C", **(environment or {}))
    done = subprocess.run(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=merged, input=text,
        stdin=subprocess.DEVNULL if text is None else None, text=True, timeout=timeout)
    if check and done.returncode != 0:
        raise CommandFailed(words, done.returncode, done.stdout)
    return done.stdout


def succeeds(*words, environment=None):
    """Whether a program ends with status zero."""
    try:
        run(*words, environment=environment)
        return True
    except (CommandFailed, OSError):
        return False
