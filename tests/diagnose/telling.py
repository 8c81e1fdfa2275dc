"""Diagnoses of texts."""

from __future__ import annotations

from verl_doctor.diagnose.diagnosis import Diagnosis
from verl_doctor.diagnose.read import read, scan_for
from verl_doctor.diagnose.run import diagnosis
from verl_doctor.diagnose.signatures import of_everything
from verl_doctor.diagnose.story import Story
from verl_doctor.facts.snapshot import Facts
from verl_doctor.matrix.load import load

FORKING = "ImportError: cannot import name 'ForkingPickler' from 'torch.multiprocessing.reductions' (/x.py)"


def story_of(*texts: str) -> Story:
    story = Story(signatures=of_everything())
    scan = scan_for(story.signatures)
    for number, text in enumerate(texts):
        for _ in read(f"log{number}", [text.encode()], story, scan):
            pass
    return story


def diagnosis_of(*texts: str, node: Facts | None = None) -> Diagnosis:
    return diagnosis([f"log{number}" for number in range(len(texts))], story_of(*texts), node, load())


def traceback(raised: str, file: str = "/opt/venv/lib/python3.12/site-packages/verl/x.py", function: str = "f") -> str:
    return f'Traceback (most recent call last):\n  File "{file}", line 3, in {function}\n    x()\n{raised}\n'
