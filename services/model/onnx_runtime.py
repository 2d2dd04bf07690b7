"""onnxruntime, told before it starts to send nothing to anybody.

From release 1.29 on it keeps a session file in the temporary folder and has the address of a
collector in it; only this variable, set before the import, turns that off.
"""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # noqa: TID251 - written, not read

import onnxruntime  # noqa: TID251 - the one place that imports it

InferenceSession = onnxruntime.InferenceSession
SessionOptions = onnxruntime.SessionOptions

__all__ = ["InferenceSession", "SessionOptions"]
