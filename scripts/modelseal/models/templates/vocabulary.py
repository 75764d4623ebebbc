"""The words of Jinja, and which of them a chat template may use how.

Lists are written out, not taken from the installed Jinja or Python: the same template has the same verdict everywhere.
Sources: https://jinja.palletsprojects.com/en/stable/templates/ and the sandbox of Jinja 3.1.
"""

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What a sandbox refuses besides names that begin with an underscore: jinja2.sandbox, is_internal_attribute.
INTERNAL = _words(
    "mro func_code func_globals func_closure func_defaults im_class im_func im_self gi_frame gi_code gi_yieldfrom "
    "cr_frame cr_code cr_await cr_origin ag_frame ag_code ag_await f_back f_builtins f_code f_globals f_locals "
    "tb_frame tb_next co_code co_consts co_names"
)
DUNDER = re.compile(
    r"__(class|classes|subclasses|subclasshook|globals|builtins|builtin|import|mro|base|bases|getattribute|getattr|"
    r"getitem|dict|reduce|reduce_ex|code|closure|call|init|new|self|func|loader|spec|module|wrapped|qualname|"
    r"subclasscheck|init_subclass|set_name|doc|name|enter|exit|del|delattr|setattr|file|cached|package)__"
)
# What a renderer offers: transformers (raise_exception, strftime_now, tojson) and Jinja itself.
FUNCTIONS = frozenset({"raise_exception", "strftime_now", "range", "namespace", "dict", "caller", "loop"})
OBJECTS = frozenset({"cycler", "joiner", "lipsum", "self"})
FOREIGN = _words(
    "os sys subprocess builtins importlib shutil socket ctypes pickle request config url_for get_flashed_messages "
    "current_app session application eval exec compile open input getattr setattr delattr globals locals vars dir type "
    "breakpoint exit quit help print memoryview object super popen system import_module"
)
METHODS = _words(
    # text
    "capitalize casefold center count encode endswith expandtabs find index isalnum isalpha isascii isdecimal isdigit "
    "isidentifier islower isnumeric isprintable isspace istitle isupper join ljust lower lstrip maketrans partition "
    "removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines startswith strip "
    "swapcase title translate upper zfill "
    # lists and dictionaries, without what changes them
    "copy fromkeys get items keys values "
    # numbers and dates
    "bit_length is_integer isoformat strftime date time year "
    # loops
    "changed cycle"
)
MUTATORS = _words(
    "append extend insert pop popitem remove reverse sort clear update setdefault add discard appendleft extendleft "
    "popleft rotate difference_update intersection_update symmetric_difference_update"
)
# Those among them that are keys of data as well: x['sort'] takes the key.
COMMON_KEYS = _words("add clear discard insert remove reverse rotate sort update")
RUNS = _words(
    "popen Popen system run call check_call check_output getoutput eval exec open read write readlines writelines "
    "import_module load_module exec_module find_spec spawn spawnl fork execv execve connect urlopen urlretrieve "
    "unlink rmdir mkdir listdir getenv putenv environ mro load_template get_template from_string render"
)
# Jinja's own; from_json is of llama.cpp, and makes plain values.
FILTERS = _words(
    "abs attr batch capitalize center count d default dictsort e escape filesizeformat first float forceescape "
    "format from_json groupby indent int items join last length list lower map max min pprint random reject "
    "rejectattr replace reverse round safe select selectattr slice sort string striptags sum title tojson trim "
    "truncate unique upper urlencode urlize wordcount wordwrap xmlattr"
)
TESTS = _words(
    "boolean callable defined divisibleby eq equalto escaped even false filter float ge greaterthan gt in integer "
    "iterable le lessthan lower lt mapping ne none number odd sameas sequence string test true undefined upper "
    "== != > >= < <="
)
# Filters that take the name of an attribute, and where: the position, and the keyword.
BY_ATTRIBUTE = {
    "attr": (0, "name"),
    "groupby": (0, "attribute"),
    "max": (1, "attribute"),
    "min": (1, "attribute"),
    "rejectattr": (0, "attribute"),
    "selectattr": (0, "attribute"),
    "sort": (2, "attribute"),
    "sum": (0, "attribute"),
    "unique": (1, "attribute"),
    "join": (1, "attribute"),
    "map": (9, "attribute"),
}


def is_internal(name: str) -> bool:
    """Tell whether a sandbox refuses an attribute of this name, or of one in this dotted path."""
    return any(part.startswith("_") or part in INTERNAL for part in re.split(r"[.\[\]]", name) if part)
