"""SIGKILL at random moments, any of the processes, then the same command again.

Checks for every round that the answers equal those of an uninterrupted run, and that no sample whose answer
was in the journal at the moment of the kill is asked again.

    kill.py [--rounds 200] [--seed 1]
"""

import os
import pathlib
import signal
import sys
import time

import harness
import rounds

ROWS = 40
MOST_TRIES = 8  # runs until complete, after one kill


def descendants(pid):
    """`pid` and every process below it, sandboxed ones included (we see their outer pids)."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = pathlib.Path("/proc", entry, "stat").read_text()
            except OSError:
                continue
            fields = stat.rsplit(")", 1)[1].split()
            if fields[0] != "Z":
                parents[int(entry)] = int(fields[1])
    family = [pid]
    for parent in family:
        family += [child for child, its in parents.items() if its == parent]
    return family


def role(pid):
    try:
        argv = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return "gone"
    names = [os.path.basename(arg.decode(errors="replace")) for arg in argv[:2]]
    if not names[0]:
        return "(ending)"
    return names[0] if names[0] != "vlmhb" else " ".join(names)


def new_experiment(folder):
    experiment = harness.Experiment(folder, rows=ROWS, processes=2, delay_ms=5,
                                    ask_log="/data/out/asked.log")
    experiment.config["runs"][0].update(concurrency=4, metrics=["cer"])
    return experiment


def published(experiment):
    return [(row["id"], row["model_answer"], row["outcome"]) for row in experiment.answers()]


def journal_of(experiment):
    runs = experiment.workspace / "experiments/e/runs"
    found = list(runs.glob("*/inference/journal"))
    return harness.journal_ids(found[0]) if found else []


def one_round(folder, chance, longest_s, reference, killed):
    experiment = new_experiment(folder)
    running = experiment.start()
    time.sleep(chance.uniform(0, longest_s))  # the moment is the test's input, not a wait for a state
    victim = chance.choice(descendants(running.pid))
    name = role(victim)
    try:
        os.kill(victim, signal.SIGKILL)
        killed[name] = killed.get(name, 0) + 1
    except ProcessLookupError:
        killed["gone"] = killed.get("gone", 0) + 1
    if victim != running.pid:
        # Let the others react by themselves for a moment, then end the orchestrator as well.
        time.sleep(chance.uniform(0, 0.2))
        running.kill()
    running.communicate()
    acknowledged = journal_of(experiment)
    asked_before = len(experiment.asked()) if acknowledged else 0

    for _ in range(MOST_TRIES):
        again = experiment.run()
        if again.returncode == 0:
            break
    else:
        return f"does not complete after killing {name}: exit {again.returncode}\n{again.stderr}"

    problems = []
    if published(experiment) != reference:
        problems.append("answers differ from the uninterrupted run's")
    asked_again = {int(image[:4]) for image in experiment.asked()[asked_before:]}
    twice = asked_again & set(acknowledged)
    if acknowledged and twice:
        problems.append(f"asked again after being acknowledged: {sorted(twice)}")
    problems += rounds.journal_problems(journal_of(experiment), ROWS)
    return f"after killing {name}: " + "; ".join(problems) if problems else None


def uninterrupted(folder):
    whole = new_experiment(folder)
    result = whole.run()
    if result.returncode != 0:
        sys.exit(f"the uninterrupted run failed:\n{result.stderr}")
    return published(whole)


if __name__ == "__main__":
    sys.exit(rounds.play(rounds.parser(200).parse_args(), uninterrupted, one_round))
