"""What each opcode does to the state of a program: https://github.com/python/cpython/blob/v3.13.0/Lib/pickletools.py."""
