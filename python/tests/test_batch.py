"""Models that answer several requests together, as their host sees them."""

import collections
import textwrap
import time
import unittest

from test_worker import PNG, TESTS, WorkerCase

from vlmhyperbench._inbox import MOST_WAITING

PAGE = str(TESTS / "fixtures" / "pages" / "1.png")

MODEL = """
@model("m", version="1.0", images=1)
class plugin(ModelInterface):
    def load(self, *, size: int = 8):
        self.batch_size = size

    def generate(self, request):
        yield f"alone {request.text}"
        return Finish("stop", gpu_memory_bytes=7)

    def generate_batch(self, requests):
        print("batch of", len(requests), flush=True)
        if requests[0].text == "hold":
            while True:
                yield 0, "x"
"""
TELL_ALL = """
    for index, request in enumerate(requests):
        yield index, f"a {request.text}"
    for index, request in enumerate(requests):
        yield index, " b"
        yield index, Finish("length", Usage(completion_tokens=index), gpu_memory_bytes=9)
    """
# Goes on until all requests are cancelled, and reads their images; "short" ends at once.
ENDLESS = """
    left = set(range(len(requests)))
    while left:
        for index in sorted(left):
            for path in requests[index].images:
                path.read_bytes()
            yield index, "x"
            if requests[index].text == "short" or requests[index].cancelled:
                left.discard(index)
                yield index, Finish()
    """


def request(request_id, text="?", image=None):
    content = [{"type": "text", "text": text}]
    if image is not None:
        content.insert(0, {"type": "image", "path": image})
    return {"type": "generate", "id": request_id,
            "messages": [{"role": "user", "content": content}], "params": {}}


class BatchCase(WorkerCase):
    def model(self, body=TELL_ALL, **params):
        body = textwrap.indent(textwrap.dedent(body), " " * 8)
        return self.start("model", MODEL + body, params=params)

    def collect(self, worker, ids):
        """Texts and last messages by id, once all of `ids` have ended."""
        texts, ends = collections.defaultdict(str), {}
        while set(ids) - set(ends):
            message = worker.receive()
            request_id = message["id"]
            self.assertNotIn(request_id, ends, "a message of a request that had ended")
            if message["type"] == "delta":
                texts[request_id] += message["text"]
            else:
                ends[request_id] = message
        return texts, ends

    def ask(self, worker, *requests):
        """The answers to `requests`, which wait together while another one is answered."""
        worker.send(request(0, "hold"))
        worker.receive()
        for one in requests:
            worker.send(one)
        worker.send({"type": "cancel", "id": 0})
        self.collect(worker, [0])
        return self.collect(worker, [one["id"] for one in requests])


class Batches(BatchCase):
    def test_the_number_is_told(self):
        self.model(size=7)
        self.assertEqual(self.loaded, {"type": "loaded", "requests": 7})

    def test_a_size_of_one_is_a_model_like_others(self):
        worker = self.model(size=1)
        self.assertEqual(self.loaded, {"type": "loaded"})
        worker.send(request(1, "p"))
        worker.send(request(2, "q"))
        texts, ends = self.collect(worker, [1, 2])
        self.assertEqual(texts, {1: "alone p", 2: "alone q"})
        self.assertEqual(ends[1], {"type": "done", "id": 1, "finish_reason": "stop",
                                   "gpu_memory_bytes": 7})

    def test_answers_have_their_ids(self):
        texts, ends = self.ask(self.model(), *[request(10 + n, f"q{n}") for n in range(3)])
        self.assertEqual(texts, {10: "a q0 b", 11: "a q1 b", 12: "a q2 b"})
        self.assertEqual(ends[12], {"type": "done", "id": 12, "finish_reason": "length",
                                    "usage": {"completion_tokens": 2}, "gpu_memory_bytes": 9})

    def test_what_waits_is_taken_together_up_to_the_size(self):
        worker = self.model(size=2)
        self.ask(worker, *map(request, range(1, 5)))
        self.assertEqual(self.errors().split("batch of ")[1:], ["1\n", "2\n", "2\n"])

    def test_more_may_wait_than_for_a_single_model(self):
        count = 16 * MOST_WAITING
        texts, _ = self.ask(self.model(size=count), *[request(n, str(n)) for n in range(1, count)])
        self.assertEqual(texts, {n: f"a {n} b" for n in range(1, count)})

    def test_requests_that_were_not_ended_are_at_the_end(self):
        _, ends = self.ask(self.model("yield 0, 'x'"), request(1), request(2))
        self.assertEqual([ends[n]["finish_reason"] for n in (1, 2)], ["stop", "stop"])

    def test_one_failure_costs_one_request(self):
        texts, ends = self.ask(self.model("""
            for index, request in enumerate(requests):
                yield index, BadImageError("no page") if request.text == "bad" else "fine"
            """), request(1), request(2, "bad"), request(3))
        self.assertEqual(texts, {1: "fine", 3: "fine"})
        self.assertEqual((ends[2]["type"], ends[2]["code"]), ("error", "bad_image"))
        self.assertEqual([ends[n]["type"] for n in (1, 3)], ["done", "done"])

    def test_an_exception_costs_what_was_not_ended(self):
        texts, ends = self.ask(self.model("""
            yield 1, "fine"
            yield 1, Finish()
            yield 0, "half"
            raise OSError("image file is truncated")
            """), request(1), request(2), request(3))
        self.assertEqual([ends[n]["type"] for n in (1, 2, 3)], ["error", "done", "error"])
        self.assertEqual(ends[1]["code"], "internal", "nobody knows whose image it is")
        self.assertIn("plugin_under_test.py", ends[1]["traceback"])

    def test_an_exception_about_an_image_is_that_images_fault(self):
        worker = self.model("""
            requests[1].images[0].unlink()
            open(requests[1].images[0])
            yield
            """)
        (self.folder / "page.png").write_bytes(PNG)
        _, ends = self.ask(worker, request(1, image=PAGE),
                           request(2, image=str(self.folder / "page.png")))
        self.assertEqual([ends[n]["code"] for n in (1, 2)], ["internal", "bad_image"])

    def test_a_bad_message_costs_itself(self):
        worker = self.model()
        many = request(2)
        many["messages"][0]["content"] *= 1
        many["messages"][0]["content"] += [{"type": "image", "path": PAGE}] * 2
        texts, ends = self.ask(worker, request(1), many, request(3, image="/no/such.png"),
                               {"type": "generate", "id": 4, "messages": "?"}, request(5))
        self.assertEqual([ends[n].get("code") for n in range(1, 6)],
                         [None, "unsupported", "bad_image", "bad_request", None])
        self.assertEqual(set(texts), {1, 5})

    def test_odd_ids_are_refused(self):
        worker = self.model()
        worker.send(request(1))
        worker.send(request("2"))
        worker.send(request(3))
        messages = [worker.receive() for _ in range(7)]
        self.assertEqual([message["code"] for message in messages if message["type"] == "error"],
                         ["bad_request"])
        self.assertEqual({message["id"] for message in messages if message["type"] == "done"},
                         {1, 3})

    def test_two_requests_of_one_id_are_answered_one_after_the_other(self):
        worker = self.model()
        worker.send(request(1, "p"))
        worker.send(request(1, "q"))
        self.assertEqual([self.collect(worker, [1])[0][1] for _ in range(2)], ["a p b", "a q b"])

    def test_shutdown_behind_requests(self):
        worker = self.model()
        worker.send(request(1))
        worker.send(request(2))
        worker.send({"type": "shutdown"})
        self.collect(worker, [1, 2])
        self.assertEqual(worker.wait(), 0)


class Cancelling(BatchCase):
    def test_one_request_of_a_batch(self):
        worker = self.model(ENDLESS)
        for n in (1, 2, 3):
            worker.send(request(n, image=PAGE))
        worker.receive()
        worker.send({"type": "cancel", "id": 2})
        texts, ends = self.collect(worker, [2])
        self.assertEqual(ends[2], {"type": "done", "id": 2, "finish_reason": "cancelled"})
        after = [worker.receive()["id"] for _ in range(20)]
        self.assertEqual(set(after), {1, 3}, "the others go on")
        worker.send({"type": "cancel", "id": 1})
        worker.send({"type": "cancel", "id": 3})
        _, ends = self.collect(worker, [1, 3])
        self.assertEqual(ends[3]["finish_reason"], "cancelled")
        self.assertEqual(self.ask(worker, request(4, "short"))[0], {4: "x"})

    def test_a_model_that_nobody_waits_for_is_stopped(self):
        worker = self.model("""
            try:
                while True:
                    yield 0, "x"
            finally:
                print("stopped", flush=True)
            """)
        worker.send(request(1))
        worker.receive()
        worker.send({"type": "cancel", "id": 1})
        self.collect(worker, [1])
        worker.send({"type": "shutdown"})
        self.assertEqual(worker.wait(), 0)
        self.assertIn("stopped", self.errors())

    def test_a_request_that_waits_is_never_asked(self):
        worker = self.model(ENDLESS, size=2)
        worker.send(request(1))
        worker.receive()
        worker.send(request(2, "short"))
        worker.send({"type": "cancel", "id": 2})
        worker.send({"type": "cancel", "id": 1})
        texts, ends = self.collect(worker, [1, 2])
        self.assertNotIn(2, texts)
        self.assertEqual(ends[2]["finish_reason"], "cancelled")
        self.assertEqual(self.errors().count("batch of"), 1)

    def test_a_host_that_goes_away_ends_a_batch(self):
        worker = self.model(ENDLESS)
        worker.send(request(1))
        worker.send(request(2))
        worker.receive()
        worker.process.stdin.close()
        worker.process.stdout.close()
        worker.wait()


class Contract(BatchCase):
    def broken(self, body):
        """How many of three requests failed with a model of such a body, and why."""
        _, ends = self.ask(self.model(body), *map(request, (1, 2, 3)))
        errors = [end for end in ends.values() if end["type"] == "error"]
        for error in errors:
            self.assertEqual(error["code"], "internal")
            self.assertTrue(error["message"].startswith("contract broken: "), error)
            self.assertIn(". To do: ", error["message"])
            self.assertNotIn("traceback", error)
        return len(errors), errors[0]["message"] if errors else ""

    def test_what_may_not_be_yielded(self):
        for body, text in (
                ("yield 3, 'x'", "the index 3 for a batch of 3"),
                ("yield -1, 'x'", "the index -1"),
                ("yield 'x'", "str 'x'"),
                ("yield 0, 'x', 'y'", "tuple (0, 'x', 'y')"),
                ("yield True, 'x'", "whose index is no int"),
                ("yield 0, b'x'", "(0, b'x')"),
                ("yield 0, None", "(0, None)"),
                ("yield 0, Finish", "class")):
            with self.subTest(body):
                count, message = self.broken(body)
                self.assertEqual(count, 3)
                self.assertIn(text, message)

    def test_a_piece_after_the_end(self):
        for end in ("Finish()", "ValueError('x')"):
            with self.subTest(end):
                _, ends = self.ask(self.model(f"""
                    yield 1, {end}
                    yield 1, "more"
                    """), *map(request, (1, 2, 3)))
                for n in (1, 3):
                    self.assertIn("the request with the index 1, which had ended",
                                  ends[n]["message"])

    def test_a_piece_after_the_last_end_is_in_the_log(self):
        worker = self.model("""
            yield 0, Finish()
            yield 0, "more"
            """)
        self.ask(worker, request(1))
        self.ask(worker, request(2))
        self.assertIn("which had ended", self.errors())

    def test_what_is_no_generator(self):
        worker = self.start("model", """
            @model("m", version="1.0")
            class plugin(ModelInterface):
                batch_size = 2
                def generate_batch(self, requests):
                    return [request.text for request in requests]
            """)
        worker.send(request(1))
        self.assertIn("make it a generator", worker.receive()["message"])

    def test_sizes_that_cannot_be(self):
        for size, text in (("0", "int 0"), ("257", "from 1 to 256"), ("'4'", "str '4'"),
                           ("True", "bool True"), ("None", "NoneType None")):
            with self.subTest(size):
                self.start("model", f"""
                    @model("m", version="1.0")
                    class plugin(ModelInterface):
                        batch_size = {size}
                        def generate_batch(self, requests):
                            yield 0, "x"
                    """)
                self.assertEqual(self.loaded["type"], "error")
                self.assertIn(text, self.loaded["message"])
                self.assertIn("To do: set it to an int", self.loaded["message"])

    def test_a_size_without_the_method(self):
        self.start("model", """
            @model("m", version="1.0")
            class plugin(ModelInterface):
                batch_size = 2
                def generate(self, request):
                    return ""
            """)
        self.assertIn("write generate_batch(self, requests)", self.loaded["message"])

    def test_the_method_alone_says_whether_it_streams(self):
        self.start("model", """
            @model("m", version="1.0")
            class plugin(ModelInterface):
                batch_size = 2
                def generate_batch(self, requests):
                    yield 0, "x"
            """)
        self.assertEqual(self.hello["capabilities"], {"streaming": True, "cancel": True})


if __name__ == "__main__":
    unittest.main()
