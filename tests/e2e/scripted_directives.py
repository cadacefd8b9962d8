"""What a request to the scripted provider can ask for, read from [[...]] marks in its last user message.

    [[slow 2]]                            the first token comes after 2 s
    [[tokens 50 delay 0.02 size 8]]       50 tokens of 8 bytes each, 0.02 s apart
    [[say any text]]                      answers exactly this text
    [[status 429 retry-after 1 times 2]]  answers 429 the first two times this message is asked (always without `times`)
    [[cut after 5]]                       closes the TCP connection after 5 tokens
    [[hang]] / [[hang after 5]]           falls silent, from the start or after 5 tokens
    [[garbage]] / [[garbage after 5]]     sends what is neither an event nor JSON
    [[gate NAME]] / [[gate NAME after 5]] waits there until the test opens the gate NAME
Marks combine: "[[gate a after 3]][[tokens 10]]".
"""

import re
from dataclasses import dataclass

_MARK = re.compile(r"\[\[(\w+)\s*([^\]]*)\]\]")


@dataclass
class Directives:
    delay_first: float = 0.0
    tokens: int | None = None
    token_delay: float = 0.0
    token_size: int = 0
    say: str | None = None
    status: int | None = None
    retry_after: str | None = None
    times: int | None = None
    cut_after: int | None = None
    hang_after: int | None = None
    garbage_after: int | None = None
    gate: str | None = None
    gate_after: int = 0

    def answer_tokens(self, question: str) -> list[str]:
        if self.tokens is not None:
            return [_token(index, self.token_size) for index in range(self.tokens)]
        text = self.say if self.say is not None else f"echo: {question}"
        return re.findall(r"\s*\S+|\s+$", text)


def _token(index: int, size: int) -> str:
    return f"t{index} ".ljust(size, "x")


def _options(words: list[str]) -> dict[str, str]:
    return dict(zip(words[::2], words[1::2]))


def _after(words: list[str]) -> int:
    return int(_options(words).get("after", 0))


def _apply(directives: Directives, name: str, argument: str) -> None:
    words = argument.split()
    if name == "slow":
        directives.delay_first = float(words[0])
    elif name == "tokens":
        options = _options(words[1:])
        directives.tokens = int(words[0])
        directives.token_delay = float(options.get("delay", 0))
        directives.token_size = int(options.get("size", 0))
    elif name == "say":
        directives.say = argument
    elif name == "status":
        options = _options(words[1:])
        directives.status = int(words[0])
        directives.retry_after = options.get("retry-after")
        directives.times = int(options["times"]) if "times" in options else None
    elif name == "cut":
        directives.cut_after = _after(words)
    elif name == "hang":
        directives.hang_after = _after(words)
    elif name == "garbage":
        directives.garbage_after = _after(words)
    elif name == "gate":
        directives.gate = words[0]
        directives.gate_after = _after(words[1:])
    else:
        raise ValueError(f"unknown directive [[{name}]]")


def parse(text: str) -> Directives:
    """The directives in `text`; plain text gives the default echo."""
    directives = Directives()
    for name, argument in _MARK.findall(text):
        _apply(directives, name, argument)
    return directives
