"""What was measured, as a table."""

from dataclasses import dataclass


@dataclass
class Row:
    """`aim` is (">=" or "<" or "<=", bound); None for what is only told."""

    what: str
    value: float
    unit: str = ""
    aim: tuple[str, float] | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        if self.aim is None:
            return ""
        sign, bound = self.aim
        met = {">=": self.value >= bound, "<": self.value < bound, "<=": self.value <= bound}[sign]
        return "met" if met else "missed"

    def cells(self) -> list[str]:
        aim = f"{self.aim[0]} {self.aim[1]:g} {self.unit}".rstrip() if self.aim else ""
        return [self.what, f"{self.value:.4g} {self.unit}".rstrip(), aim, self.verdict, self.note]


def spread(values: list[float]) -> str:
    return f"{min(values):.3g} to {max(values):.3g}"


def print_table(rows: list[list[str]]) -> None:
    """As Markdown, so that it can go into a page as it is."""
    table = [["what", "measured", "aim", "", "note"], *rows]
    widths = [max(len(row[i]) for row in table) for i in range(5)]
    for number, row in enumerate(table):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
