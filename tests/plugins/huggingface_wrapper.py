#!/usr/bin/env python3
"""The tiny Hugging Face model behind the API wrapper: /v1/chat/completions, plain, streamed, and several together.

    huggingface_wrapper.py VLMHB PYTHON MODEL     the program, the plug-in's interpreter, the folder of tiny_model.py
"""

import base64
import concurrent.futures
import contextlib
import http.client
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import zlib

ANSWER = "The total is 42.50 €"  # of plugins/huggingface/tests/tiny_model.py


def png(width, height):
    """A grey picture."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\x80" * width for _ in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def ask(address, **members):
    url = "data:image/png;base64," + base64.b64encode(png(56, 56)).decode()
    content = [{"type": "text", "text": "What is the total?"}, {"type": "image_url", "image_url": {"url": url}}]
    body = {"model": "tiny", "temperature": 0, "max_tokens": 40,
            "messages": [{"role": "system", "content": "Answer briefly."}, {"role": "user", "content": content}], **members}
    host, port = address.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=300)
    connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
    response = connection.getresponse()
    text = response.read().decode()
    assert response.status == 200, text
    return text


def check_plain(address):
    answer = json.loads(ask(address))
    assert answer["choices"][0]["message"]["content"] == ANSWER, answer
    assert answer["choices"][0]["finish_reason"] == "stop", answer
    assert answer["usage"]["completion_tokens"] > 5 and answer["usage"]["prompt_tokens"] > 5, answer
    assert answer["performance"]["peak_memory_mb"] > 50, answer
    cut = json.loads(ask(address, max_tokens=2))
    assert cut["choices"][0]["finish_reason"] == "length", cut
    assert ANSWER.startswith(cut["choices"][0]["message"]["content"]), cut


def check_stream(address):
    events = [line[6:] for line in ask(address, stream=True, stream_options={"include_usage": True}).split("\n")
              if line.startswith("data: ")]
    assert events[-1] == "[DONE]", events
    chunks = [json.loads(event) for event in events[:-1]]
    pieces = [chunk["choices"][0]["delta"].get("content") for chunk in chunks if chunk["choices"]]
    pieces = [piece for piece in pieces if piece]
    assert len(pieces) > 3, pieces  # it streams
    assert "".join(pieces) == ANSWER, pieces
    performance = next(chunk["performance"] for chunk in chunks if chunk["object"] == "vlmhb.performance")
    assert 0 < performance["ttft_ms"] < performance["latency_ms"], performance
    assert performance["tpot_ms"] > 0, performance
    assert any(chunk.get("usage") for chunk in chunks), chunks
    return len(pieces), performance


def check_together(address):
    """Answers of several requests at a time, each with its own end."""
    limits = [40, 2, 40, 3, 40, 40]
    with concurrent.futures.ThreadPoolExecutor(len(limits)) as clients:
        answers = list(clients.map(lambda limit: json.loads(ask(address, max_tokens=limit)), limits))
    for limit, answer in zip(limits, answers):
        [choice] = answer["choices"]
        assert choice["finish_reason"] == ("stop" if limit == 40 else "length"), answer
        text = choice["message"]["content"]
        assert text == ANSWER if limit == 40 else ANSWER.startswith(text) and len(text) < len(ANSWER), answer


@contextlib.contextmanager
def serving(program, python, model, **params):
    """The address of the API wrapper before the model."""
    with tempfile.TemporaryDirectory() as folder:
        spec = pathlib.Path(folder, "wrapper.json")
        spec.write_text(json.dumps({
            "schema": "vlmhb.wrapper/1", "listen": "127.0.0.1:0", "model": "tiny", "log": str(spec.with_name("log")),
            "command": [str(python), "-m", "vlmhyperbench.worker", "model", "huggingface"],
            "env": {"PATH": "/usr/bin:/bin", "HOME": folder, "HF_HUB_OFFLINE": "1"},
            "load_params": {"model": str(model), "device": "cpu", **params}}))
        wrapper = subprocess.Popen([program, "wrapper", "--spec", str(spec)], stdout=subprocess.PIPE, text=True)
        try:
            yield wrapper.stdout.readline().removeprefix("listening on ").strip()
        except BaseException:
            print(spec.with_name("log").read_text(), file=sys.stderr)
            raise
        finally:
            wrapper.terminate()
            wrapper.wait(60)
            wrapper.stdout.close()


def main():
    program, python, model = (pathlib.Path(argument).absolute() for argument in sys.argv[1:])
    with serving(program, python, model, batch_size=4) as address:
        check_plain(address)
        pieces, performance = check_stream(address)
        check_together(address)
    print(f"/v1/chat/completions: {pieces} pieces, first after {performance['ttft_ms']:.0f} ms of {performance['latency_ms']:.0f} ms: ok")


if __name__ == "__main__":
    main()
