"""Several processes of one deployment that look like one server: nobody can tell which one answered."""

import itertools

from server import Server


class Group:
    def __init__(self, members: list[Server]):
        self.members = members
        self._next = itertools.cycle(members)

    @property
    def url(self) -> str:
        """Another member's each time it is asked for."""
        return next(self._next).url

    @property
    def port(self) -> int:
        return self.members[0].port

    @property
    def running(self) -> bool:
        return all(member.running for member in self.members)

    @property
    def lines(self) -> list[str]:
        return [line for member in self.members for line in member.lines]

    def start(self) -> "Group":
        for member in self.members:
            if not member.running:
                member.start()
        return self

    def dispose(self) -> None:
        for member in self.members:
            member.dispose()
