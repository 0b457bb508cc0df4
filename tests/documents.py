"""The README and the pages of docs/ as data: their sections, code blocks, links and anchors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parent.parent
_BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"(?<!`)\[[^\]]*\]\(([^)\s]+)\)")


class Block(NamedTuple):
    """A code block: its language, its text, and the number of its first line in the file."""

    language: str
    text: str
    line: int


@dataclass(frozen=True)
class Page:
    """One Markdown file, by its path from the root of the project."""

    name: str

    @cached_property
    def text(self) -> str:
        """What stands in the file."""
        return (ROOT / self.name).read_text(encoding="utf-8")

    @cached_property
    def blocks(self) -> list[Block]:
        """Its code blocks in order."""
        return [
            Block(found[1], found[2], self.text.count("\n", 0, found.start(2)) + 1)
            for found in _BLOCK.finditer(self.text)
        ]

    def has(self, *languages: str) -> bool:
        """Whether there is a code block in one of these languages."""
        return any(block.language in languages for block in self.blocks)

    def section(self, title: str) -> str:
        """What stands below the heading `title`, up to the next one of its level; fails without it."""
        found = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^\1 |\Z)", self.text, re.MULTILINE | re.DOTALL)
        assert found is not None, f"{self.name} has no section {title!r}"
        return found[2]

    @property
    def links(self) -> Iterator[tuple[Path, str]]:
        """The file and the anchor ("" where there is none) of each relative link."""
        for target in _LINK.findall(_BLOCK.sub("", self.text)):
            if "://" not in target:
                file, _, anchor = target.partition("#")
                yield ((ROOT / self.name).parent / file if file else ROOT / self.name).resolve(), anchor

    @property
    def anchors(self) -> set[str]:
        """The anchors of its headings, made as GitHub makes them."""
        headings = re.findall(r"^#+ (.*)$", _BLOCK.sub("", self.text), re.MULTILINE)
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


README: Final = Page("README.md")
CONTRIBUTING: Final = Page("CONTRIBUTING.md")
DOCS: Final = tuple(Page(f"docs/{path.name}") for path in sorted((ROOT / "docs").glob("*.md")))
PAGES: Final = (README, CONTRIBUTING, *DOCS)


def doc(name: str) -> Page:
    """The page of docs/ with that name: `doc("tasks")`."""
    return Page(f"docs/{name}.md")
