"""ONNX models: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3. Graphs are walked, and never built."""
