"""SIGKILL at random moments to what makes containers work, then the same command again.

Kills the orchestrator, a container's main process, or the engine itself (which is started again, Docker with
or without its live-restore). Checks for every round that the answers equal those of an uninterrupted run,
that no sample whose answer was in the journal when something was killed is asked again, and that nothing is
left: no container, network, volume or handle, no process, no file of another user.

    kill_containers.py --env docker|podman [--rounds 100] [--seed 1]

Needs the engines of scripts/engines and the variables that it prints.
"""

import functools
import os
import signal
import subprocess
import sys
import time

import engines
import harness
import rounds

ROWS = 16
RUNS = {"still__d": False, "online__d": True}  # whether the model has a network
MOST_TRIES = 8  # runs until complete, after one kill
DEADLINE_S = 300  # of one run: it waits for a lost engine for a minute


def new_experiment(folder):
    experiment = harness.Experiment(folder, rows=ROWS)
    experiment.config["runs"] = []
    for run, network in RUNS.items():
        model = run.removesuffix("__d")
        engines.image_model(experiment, model, network=network, processes=2, delay_ms=20,
                            ask_log="/data/out/asked.log")
        experiment.config["runs"].append({"task": "ocr", "dataset": "d", "model": model,
                                          "concurrency": 4, "metrics": ["cer"]})
    return experiment


def published(experiment):
    return {run: [(row["id"], row["model_answer"], row["outcome"])
                  for row in experiment.answers(run)] for run in RUNS}


def log_of(experiment):
    return experiment.folder / "vlmhb.log"


def start(experiment, engine):
    with open(log_of(experiment), "a", encoding="utf-8") as log:
        return subprocess.Popen(experiment.command("--env", engine), stdout=log, stderr=log,
                                env=engines.environment(engine))


class Watcher:
    """Remembers at moments which samples were acknowledged, and finds those asked again later."""

    def __init__(self, experiment):
        runs = experiment.workspace / "experiments/e/runs"
        self.folders = [runs / run / "inference" for run in RUNS]
        self.moments = []

    @staticmethod
    def asked(folder):
        try:
            lines = (folder / "asked.log").read_text().splitlines()
        except FileNotFoundError:
            return []
        return [int(line[:4]) for line in lines]

    def look(self):
        for folder in self.folders:
            acknowledged = set(harness.journal_ids(folder / "journal"))  # first: asked before
            if acknowledged:
                self.moments.append((folder, acknowledged, len(self.asked(folder))))

    def problems(self):
        found = []
        for folder, acknowledged, count in self.moments:
            if again := acknowledged & set(self.asked(folder)[count:]):
                found.append(f"{folder}: asked again after being acknowledged: {sorted(again)}")
        for folder in self.folders:
            wrong = rounds.journal_problems(harness.journal_ids(folder / "journal"), ROWS)
            found += [f"{folder}: {problem}" for problem in wrong]
        return found


def strike(kind, engine, chance, running):
    """Kills; returns what was killed."""
    if kind == "orchestrator":
        running.kill()
        return kind
    if kind == "engine":
        options = ["--live-restore"] if engine == "docker" and chance.random() < 0.5 else []
        engines.kill(engine)
        time.sleep(chance.uniform(0, 0.5))  # for so long there is none: an input, not a wait
        engines.start(engine, *options)
        return " ".join([kind, *options])
    while running.poll() is None:  # until there is one to kill
        boxes = engines.containers(engine)
        pid = engines.main_process(engine, chance.choice(boxes)) if boxes else 0
        try:
            if pid > 0:
                os.kill(pid, signal.SIGKILL)
                return kind
        except ProcessLookupError:
            pass
    return "no container"


def leftovers(experiment, engine):
    """What is left of a finished experiment, in words."""
    problems = [f"left: {name}" for name in engines.left_behind(engine)]
    problems += [f"left: {file.name}" for file in experiment.workspace.rglob("*.handle.json")]
    problems += [f"owned by {file.lstat().st_uid}: {file}"
                 for file in experiment.workspace.rglob("*") if file.lstat().st_uid != os.geteuid()]
    deadline = time.monotonic() + 10
    while engines.inside(experiment.folder) and time.monotonic() < deadline:
        time.sleep(0.05)  # an engine may say that a container is gone a moment before it is
    return problems + [f"process {pid} is left" for pid in engines.inside(experiment.folder)]


def one_round(folder, chance, longest_s, reference, killed, engine):
    experiment = new_experiment(folder)
    watcher = Watcher(experiment)
    running = start(experiment, engine)
    time.sleep(chance.uniform(0, longest_s))  # the moment is the test's input, not a wait for a state
    victim = strike(chance.choice(["orchestrator", "container", "engine"]), engine, chance, running)
    watcher.look()
    killed[victim] = killed.get(victim, 0) + 1
    if chance.random() < 0.5:
        # Let the others react by themselves for a moment, then end the orchestrator as well.
        time.sleep(chance.uniform(0, 0.5))
        running.kill()
    try:
        status = running.wait(DEADLINE_S)
        watcher.look()
        tries = 0
        while status != 0 and tries < MOST_TRIES:
            tries += 1
            status = start(experiment, engine).wait(DEADLINE_S)
            watcher.look()
    except subprocess.TimeoutExpired:
        return f"hangs after killing {victim}"
    if status != 0:
        return f"does not complete after killing {victim}: exit {status}; see {log_of(experiment)}"
    problems = leftovers(experiment, engine) + watcher.problems()
    if published(experiment) != reference:
        problems.append("answers differ from the uninterrupted run's")
    return f"after killing {victim}: " + "; ".join(problems) if problems else None


def uninterrupted(folder, engine):
    whole = new_experiment(folder)
    if start(whole, engine).wait(DEADLINE_S) != 0:
        sys.exit(f"the uninterrupted run failed; see {log_of(whole)}")
    return published(whole)


def main():
    parser = rounds.parser(100)
    parser.add_argument("--env", choices=engines.HOST_VARIABLE, required=True)
    options = parser.parse_args()
    engine = options.env
    if engine not in engines.ADDRESSES or not engines.FOLDER or not engines.IMAGE:
        sys.exit("no engine: this wants what `scripts/engines up` prints")
    return rounds.play(options, functools.partial(uninterrupted, engine=engine),
                       functools.partial(one_round, engine=engine),
                       after_failure=functools.partial(engines.remove_all, engine))


if __name__ == "__main__":
    sys.exit(main())
