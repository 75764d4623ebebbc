"""What pickles would import and call, found without unpickling anything.

`trace` has the words: values and steps. `program` interprets a stream of opcodes as the unpicklers of CPython would,
with symbols in place of objects; `judgement` says what is safe, dangerous or unknown of its steps.
"""
