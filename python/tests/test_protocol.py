"""Frames and attachments."""

import io
import os
import random
import threading
import unittest

from vlmhyperbench._protocol import (LENGTH, MAX_FRAME_BYTES, FrameReader, FrameTooLarge,
                                     FrameWriter, ProtocolError, encode_json, sanitize)


def frame(payload):
    return LENGTH.pack(len(payload)) + payload


class Frames(unittest.TestCase):
    def read(self, data):
        reader = FrameReader(io.BytesIO(data).read)
        messages = []
        while (received := reader.receive()) is not None:
            messages.append(received)
        return messages

    def test_messages_and_attachments_through_a_pipe(self):
        """Larger than a pipe, and more blocks than one system call takes."""
        read_fd, write_fd = os.pipe()
        blocks = [bytes([number % 256]) * (number * 100) for number in range(1500)]
        payload = encode_json({"type": "samples", "attachments": [len(block) for block in blocks]})

        def write():
            writer = FrameWriter(write_fd)
            writer.send({"type": "before"})
            writer.send_payload(payload, blocks)
            writer.send({"type": "after"})
            os.close(write_fd)

        thread = threading.Thread(target=write)
        thread.start()
        with open(read_fd, "rb") as stream:
            reader = FrameReader(stream.read)
            self.assertEqual(reader.receive(), ({"type": "before"}, []))
            self.assertEqual(reader.receive()[1], blocks)
            self.assertEqual(reader.receive(), ({"type": "after"}, []))
            self.assertIsNone(reader.receive())
        thread.join()

    def test_broken_frames(self):
        for data in (b"\x01", b"\x05\0\0\0{}", frame(b""), frame(b"[1]"), frame(b"\xff\xff"),
                     frame(b"{"), frame(b"[" * 100_000), LENGTH.pack(MAX_FRAME_BYTES + 1),
                     frame(b'{"attachments":3}'), frame(b'{"attachments":[-1]}'),
                     frame(b'{"attachments":[true]}') + b"x", frame(b'{"attachments":[2]}') + b"x",
                     frame(b'{"attachments":[67108865]}'),
                     frame(b'{"attachments":[67108864,67108864,67108864,67108864,1]}')):
            with self.subTest(data[:40]), self.assertRaises(ProtocolError):
                self.read(data)

    def test_any_bytes_are_read_or_refused(self):
        seed = random.randrange(1 << 32)
        generator = random.Random(seed)
        good = frame(b'{"type":"x","attachments":[3]}') + b"abc" + frame(b'{"type":"y"}')
        for _ in range(2000):
            data = bytearray(good)
            for _ in range(generator.randrange(1, 6)):
                data[generator.randrange(len(data))] = generator.randrange(256)
            try:
                self.read(bytes(data[:generator.randrange(len(data) + 1)]))
            except ProtocolError:
                pass
            except Exception as error:
                self.fail(f"seed {seed}: {bytes(data)!r}: {error!r}")

    def test_too_large_frame_sends_nothing(self):
        with self.assertRaises(FrameTooLarge):
            FrameWriter(-1).send({"text": "x" * MAX_FRAME_BYTES})

    def test_text(self):
        self.assertEqual(sanitize("a\ud83d\ude00\udc00"), "a😀\ufffd")
        self.assertEqual(encode_json({"a": "ж\ud800"}), '{"a":"ж\ufffd"}'.encode())
        for value in (float("nan"), float("-inf"), {1, 2}, b"x"):
            with self.assertRaises((TypeError, ValueError)):
                encode_json(value)


if __name__ == "__main__":
    unittest.main()
