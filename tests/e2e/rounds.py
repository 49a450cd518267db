"""What the kill tests share: an uninterrupted run, then rounds that must come to the same in spite of a kill."""

import argparse
import pathlib
import random
import shutil
import tempfile
import time


def parser(rounds):
    """Of the options that all have; `rounds` is the default."""
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=rounds)
    options.add_argument("--seed", type=int, default=int(time.time()))
    return options


def play(options, uninterrupted, one_round, after_failure=lambda: None):
    """Plays options.rounds rounds, each in a folder of its own; returns the exit status.

    uninterrupted(folder) runs the experiment and returns what it published, or ends the program.
    one_round(folder, chance, longest_s, reference, killed) returns what is wrong, or None; it strikes within
    longest_s and counts in `killed` what it hit. Folders of rounds that failed are kept.
    """
    print(f"seed {options.seed}", flush=True)
    chance = random.Random(options.seed)
    base = pathlib.Path(tempfile.mkdtemp(prefix="vlmhb-kill."))
    base.chmod(0o755)  # for containers' users
    failures, killed = 0, {}
    began = time.monotonic()
    reference = uninterrupted(base / "reference")
    whole_s = time.monotonic() - began
    try:
        for number in range(options.rounds):
            folder = base / str(number)
            problem = one_round(folder, chance, 1.1 * whole_s, reference, killed)
            if problem:
                failures += 1
                after_failure()
                print(f"round {number}: {problem}", flush=True)
            else:
                shutil.rmtree(folder, ignore_errors=True)
    finally:
        if not failures:
            shutil.rmtree(base, ignore_errors=True)
    print("killed: " + ", ".join(f"{name} {count}" for name, count in sorted(killed.items())))
    print(f"one whole run: {whole_s:.1f} s; all of it: {time.monotonic() - began:.0f} s")
    print(f"{options.rounds - failures} passed, {failures} failed")
    return 1 if failures else 0


def journal_problems(ids, rows):
    """What is wrong with a complete journal, whose frames have these ids."""
    if len(ids) == len(set(ids)) == rows:
        return []
    return [f"the journal has {len(ids)} frames of {len(set(ids))} samples"]
