"""Parquet files and saved Hugging Face datasets as samples: the task plug-ins `parquet` and
`huggingface-dataset`.

They need pyarrow and neither Hugging Face's libraries nor a network.
"""

from .tasks import HuggingFaceDatasetTask, ParquetTask

__all__ = ["HuggingFaceDatasetTask", "ParquetTask"]
