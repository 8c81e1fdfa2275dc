"""Reads a log into a story."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from verl_doctor.diagnose import endings, progress, versions
from verl_doctor.diagnose.blocks import Chunk, Sign, blocks
from verl_doctor.diagnose.scan import Scan
from verl_doctor.diagnose.signatures import Signatures
from verl_doctor.diagnose.story import Story
from verl_doctor.diagnose.tracebacks import CHAINS, FRAME, HEADER, IGNORED, Tracebacks

_RAISED = ("Error:", "Exception:")
"""What lines hold that name an exception."""
WORDS = (HEADER, IGNORED, FRAME, *CHAINS, *_RAISED, *endings.WORDS, *progress.ENDS, *versions.WORDS)


def read(name: str, chunks: Iterable[Chunk], story: Story, scan: Scan) -> Iterator[bool]:
    """Read one log into the story; after each part yield whether all that there is for now has been heard.

    Raises what `chunks` raises.
    """
    story.open(name)
    tracebacks = Tracebacks()
    scan.is_attentive, scan.is_waiting = False, True
    try:
        for block in blocks(chunks):
            for line in scan.lines(block):
                story.hear(line)
                for record in tracebacks.feed(line):
                    story.add(record)
                scan.is_attentive, scan.is_waiting = tracebacks.is_any_open, story.chapter.course.is_waited_for
            if block.sign is not None:
                _end(tracebacks, story, scan)
            yield block.sign is Sign.QUIET
    finally:  # also of an interrupt: what was read counts
        _end(tracebacks, story, scan)


def _end(tracebacks: Tracebacks, story: Story, scan: Scan) -> None:
    for record in tracebacks.end():
        story.add(record)
    scan.is_attentive = False


def scan_for(signatures: Signatures) -> Scan:
    """Return the scan that misses nothing of what a story needs."""
    return Scan((*WORDS, *signatures.words), progress.WORDS)
