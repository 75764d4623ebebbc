"""What is in model files and what loading them would do, read without ever loading them.

`walking` opens one file, and all that is packed in it, with the formats that recognise its bytes; `inspection` does
that for many files, in processes with limits. A format is one module in `formats`; a rule belongs to one module.
"""
