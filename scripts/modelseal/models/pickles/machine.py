"""The state of a pickle's program: its stack, its memo and where it stands."""

from collections.abc import Sequence
from enum import Enum, auto

from modelseal.models.budget import MIB, Budget
from modelseal.models.content import Content
from modelseal.models.faults import LimitReached
from modelseal.models.pickles.trace import Call, Container, Global, How, Import, Kind, Result, Unresolved, Value, Via

HIGHEST_PROTOCOL = 5
_MOST_ITEMS = 10_000
_MEMORY = 200 * MIB
# Values in the tuples of a tuple: how many are too many, and how many count for a tuple without others in it.
_UNFOLDED, _FLAT = 100_000_000, 8
# About what each takes in memory, in bytes.
_FAR, _ENTRY, _MARK = 100, 9, 64
_CONTAINER, _TUPLE, _CALL, _ITEM = 160, 64, 180, 24


class Broken(Exception):
    """No unpickler gets past this opcode.

    Args:
        what: Why, in words that begin with `it` and have no full stop.
    """

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class Stopped(Exception):
    """The program has come to its end.

    Args:
        position: Where in the buffer it ends.
    """

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.position = position


class Loader(Enum):
    """Who loads a pickle, where loaders read the same bytes differently.

    - `PLAIN`: an unpickler that takes one byte behind the other.
    - `JOBLIB`: the same, but it reads arrays that lie between the opcodes: see `arrays`.
    - `FILE_IN_C`: the unpickler in C when it reads from a file: see `opcodes.reading.fetch`.
    """

    PLAIN = auto()
    JOBLIB = auto()
    FILE_IN_C = auto()


class Machine:
    """The state of one program.

    Args:
        content: What the program lies in.
        start: Where in it the program begins.
        budget: What running it may cost.
        loader: Who loads it, where loaders differ.
        depth: In how many arrays of pickles it lies.

    Attributes:
        data: The buffer it lies in.
        origin: Where in the buffer the content begins: offsets are told from here.
        end: Where in the buffer the content ends.
        position: Where in the buffer the program stands: at the opcode that is next, or that broke it.
        stack: The values since the last mark.
        marks: The stacks below, one for each mark.
        memo: Values kept for later under 0, 1 and so on.
        far: Those kept under numbers that left a gap.
        protocol: As the program says itself.
        frame: Where in the buffer the current frame ends, or the last one did.
        torn: Whether a frame ends elsewhere than it says, or within an opcode.
        unfolds: Whether tuples lie in each other so often that going through them does not end.
        pending: Steps that have not been told yet.
        inner: A program that lies before the next opcode and has not been run yet; None without one.
        array: Where in the content the first array lies between the opcodes; None without any.
        opcodes: How many have been run.
        result: What it returns at its end.
        broken: Why it could not be run to its end; None when it was, or has not been yet.
    """

    def __init__(
        self,
        content: Content,
        start: int,
        budget: Budget,
        *,
        loader: Loader = Loader.JOBLIB,
        depth: int = 0,
    ) -> None:
        self.content = content
        self.data, self.origin, self.end = content.window()
        self.position = self.origin + start
        self.budget = budget
        self.loader = loader
        self.depth = depth
        self.stack: list[Value] = []
        self.marks: list[list[Value]] = []
        self.memo: list[Value] = []
        self.far: dict[int, Value] = {}
        self.protocol = 0
        self.frame = 0
        self.torn = False
        self.unfolds = False
        self.pending: list[Import | Call] = []
        self.inner: Machine | None = None
        self.array: int | None = None
        self.opcodes = 0
        self.result: Value = None
        self.broken: str | None = None
        self._cost = 0
        self._unfolded: dict[int, int] = {}

    def pop(self) -> Value:
        """Take the topmost value.

        Raises:
            Broken: There is none.
        """
        if not self.stack:
            raise Broken("it takes a value from an empty stack")
        return self.stack.pop()

    def top(self) -> Value:
        """Look at the topmost value.

        Raises:
            Broken: There is none.
        """
        if not self.stack:
            raise Broken("it takes a value from an empty stack")
        return self.stack[-1]

    def pop_mark(self) -> list[Value]:
        """Take the values since the last mark, and the mark.

        Raises:
            Broken: There is none.
        """
        if not self.marks:
            raise Broken("it goes back to a mark that is not there")
        items = self.stack
        self.stack = self.marks.pop()
        return items

    def push_tuple(self, items: tuple[Value, ...]) -> None:
        """Push a tuple."""
        self._cost += _TUPLE + _ITEM * len(items)
        self._unfold(items)
        self.stack.append(items)

    def _unfold(self, items: tuple[Value, ...]) -> None:
        """Note how many values are in a tuple and in those within it, each as often as it is there."""
        inner = 0
        for item in items:
            # Kinds of tuples are hashed as tuples are.
            within = item.call.arguments if item.__class__ is Result else item
            if within and within.__class__ is tuple:
                inner += _FLAT + self._unfolded.get(id(within), 0)
        if inner:
            self._unfolded[id(items)] = min(inner, _UNFOLDED)
            self._cost += _FAR
            self.unfolds = self.unfolds or inner >= _UNFOLDED
        else:
            self._unfolded.pop(id(items), None)  # of a tuple that was there before

    def push_container(self, kind: Kind, items: list[Value] | None = None) -> None:
        """Push a list, dictionary or set."""
        container = Container(kind, [])
        self._cost += _CONTAINER
        if items:
            self.fill(container, items)
        self.stack.append(container)

    def fill(self, container: Container, items: Sequence[Value]) -> None:
        """Put values into a container, as far as its size is bounded."""
        room = max(_MOST_ITEMS - len(container.items), 0)
        container.items.extend(items[:room])
        container.dropped += max(len(items) - room, 0)
        self._cost += _ITEM * min(len(items), room)

    def remember(self, number: int) -> None:
        """Keep the topmost value in the memo.

        Raises:
            Broken: There is none.
        """
        value, memo = self.top(), self.memo
        if number < len(memo):
            memo[number] = value
        elif number == len(memo):
            memo.append(value)
            self.far.pop(number, None)
        else:
            self.far[number] = value

    def recall(self, number: int) -> None:
        """Push a value that is kept in the memo.

        Raises:
            Broken: There is none under this number.
        """
        if 0 <= number < len(self.memo):
            self.stack.append(self.memo[number])
        elif number in self.far:
            self.stack.append(self.far[number])
        else:
            raise Broken("it takes a value that was not kept")

    def import_(self, position: int, via: Via, named: tuple[Global | Unresolved, str]) -> Global | Unresolved:
        """Note that a global is imported.

        Args:
            position: Of the byte behind the opcode, in the buffer.
            via: By which opcode.
            named: The global, and how it is written where that is different.
        """
        target, written = named
        self.pending.append(Import(position - 1 - self.origin, target, via, self.protocol, written))
        return target

    def call(
        self, position: int, how: How, callee: Value, arguments: tuple[Value, ...], keywords: Value = None
    ) -> Result:
        """Note that something is called, and return what stands for what it returns.

        Args:
            position: Of the byte behind the opcode, in the buffer.
            how: What sort of call it is.
            callee: What is called, or whose method is.
            arguments: As `how` says.
            keywords: Likewise.
        """
        self._cost += _CALL
        step = Call(position - 1 - self.origin, how, callee, arguments, keywords)
        self.pending.append(step)
        return Result(step)

    def spend(self, size: int) -> None:
        """Count memory that a value takes, in bytes."""
        self._cost += size

    def weigh(self) -> None:
        """Look at how much memory the program has taken so far.

        Raises:
            LimitReached: It is too much.
        """
        entries = _ENTRY * (len(self.memo) + len(self.stack)) + _FAR * len(self.far) + _MARK * len(self.marks)
        if self._cost + entries > _MEMORY:
            raise LimitReached("it makes more objects than a pickle may")
