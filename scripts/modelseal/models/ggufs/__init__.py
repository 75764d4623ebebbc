"""GGUF: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Read header and tables; never the tensors."""
