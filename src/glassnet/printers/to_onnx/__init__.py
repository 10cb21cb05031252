"""A graph as operators of ONNX.

pieces     operators, constants, inputs and outputs as plain data: nothing here imports onnx
operators  one row per op: the ONNX operators that compute it
writer     walks a graph: names, types, constants, the batch's size
"""

from __future__ import annotations

from glassnet.printers.to_onnx.pieces import OnnxGraph, OnnxNode, OnnxValue, Operator
from glassnet.printers.to_onnx.writer import OPSET, Native, Writer, print_onnx

__all__ = ["OPSET", "Native", "OnnxGraph", "OnnxNode", "OnnxValue", "Operator", "Writer", "print_onnx"]
