"""Container engines under test: which there are, how to ask them, how to end and start them.

VLMHB_TEST_ENGINES="docker=unix:///path,podman=unix:///path"; VLMHB_TEST_IMAGE is a Debian image with the
Tesseract worker's libraries, known to all of them. VLMHB_TEST_ENGINES_FOLDER is where scripts/engines keeps
them. All are what `scripts/engines up` prints.
"""

import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent
ADDRESSES = dict(part.split("=", 1) for part in os.environ.get("VLMHB_TEST_ENGINES", "").split(",")
                 if "=" in part)
IMAGE = os.environ.get("VLMHB_TEST_IMAGE", "")
FOLDER = os.environ.get("VLMHB_TEST_ENGINES_FOLDER", "")
HOST_VARIABLE = {"docker": "DOCKER_HOST", "podman": "CONTAINER_HOST"}
LABEL = "vlmhb."  # of all that vlmhb makes


def environment(engine, **more):
    return {**os.environ, HOST_VARIABLE[engine]: ADDRESSES[engine], **more}


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("engine", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def ask(engine, path, method="GET"):
    connection = UnixConnection(ADDRESSES[engine].removeprefix("unix://"))
    try:
        connection.request(method, "/v1.41" + path)
        answer = connection.getresponse().read()
    finally:
        connection.close()
    return json.loads(answer) if answer else None


def is_ours(labels):
    return any(key.startswith(LABEL) for key in labels or {})


def containers(engine, query=""):
    """vlmhb's running containers; query "?all=1": the ended ones as well."""
    return [box for box in ask(engine, "/containers/json" + query) if is_ours(box["Labels"])]


def main_process(engine, box):
    """Its pid as this machine sees it; 0 if it does not run any more."""
    return ask(engine, f"/containers/{box['Id']}/json").get("State", {}).get("Pid", 0)


def left_behind(engine):
    """Names of all containers, networks and volumes that carry a label of vlmhb."""
    names = [box["Names"][0] for box in containers(engine, "?all=1")]
    names += [net["Name"] for net in ask(engine, "/networks") if is_ours(net.get("Labels"))]
    volumes = ask(engine, "/volumes").get("Volumes") or []
    return names + [volume["Name"] for volume in volumes]


def remove_all(engine):
    """What a failed test left must not fail the next one."""
    for box in containers(engine, "?all=1"):
        ask(engine, f"/containers/{box['Id']}?force=1&v=1", "DELETE")
    for net in ask(engine, "/networks"):
        if is_ours(net.get("Labels")):
            ask(engine, f"/networks/{net['Id']}", "DELETE")


def inside(folder):
    """Processes that see something of `folder` as a mount: those of containers that use it.

    But for `runc init`, which has not become our program: Docker 20.10 and Podman 4.3, killed between making
    and starting a container, forget it, and no call of their API reaches it any more.
    """
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            mounts = pathlib.Path("/proc", entry, "mountinfo").read_text(errors="replace")
            argv = pathlib.Path("/proc", entry, "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # has ended, or is another user's
        if str(folder) in mounts and [os.path.basename(argv[0]), *argv[1:2]] != [b"runc", b"init"]:
            found.append(int(entry))
    return found


def kill(engine):
    """SIGKILL to the engine's daemon. Only for those of scripts/engines."""
    pid = int(pathlib.Path(FOLDER, f"{engine}.pid").read_text())
    os.kill(pid, signal.SIGKILL)


def start(engine, *options):
    """Starts a killed daemon again and waits until it answers."""
    subprocess.run([str(REPOSITORY / "scripts/engines"), "start", FOLDER, engine, *options],
                   check=True, timeout=180, stdin=subprocess.DEVNULL)


def image_model(experiment, name="scripted", image=IMAGE, network=False, **params):
    """The scripted model, with the image that it runs in."""
    experiment.model(name, **params)
    file = experiment.folder / "registries/models" / f"{name}.json"
    entry = json.loads(file.read_text())
    entry["image"] = image
    if network:
        entry["network"] = True
    file.write_text(json.dumps(entry))
