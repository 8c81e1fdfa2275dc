"""Known failures as data: `load` returns them."""

from verl_doctor.knowledge.load import load

__all__ = ["load"]
