"""A VLMHyperBench model."""

from collections.abc import Generator

from vlmhyperbench import Finish, ModelInterface, Request, model

__all__ = ["@OBJECT@"]


@model("@NAME@", version="0.1.0")
class @OBJECT@(ModelInterface):
    """Answers with the sizes of the images that it is shown: put your model in its place."""

    params_schema = {"properties": {"greeting": {"type": "string"}}}

    def load(self, *, greeting: str = "I see") -> None:
        # Import heavy packages and load weights here, once: many requests follow.
        self.greeting = greeting

    def generate(self, request: Request) -> Generator[str, None, Finish]:
        # request.text, request.system, request.images (paths), request.params (max_tokens, temperature, ...)
        yield self.greeting
        for path in request.images:
            if request.cancelled:
                return Finish("cancelled")
            yield f" {path.stat().st_size} bytes"
        return Finish("stop")

    def unload(self) -> None:
        self.greeting = ""
