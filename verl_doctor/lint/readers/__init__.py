"""Turns the text of a file into what it launches: one module per format."""

from __future__ import annotations

from verl_doctor.lint.document import Launch
from verl_doctor.lint.traced import Traced

Reading = tuple[tuple[Launch, ...], tuple[tuple[int, str], ...]]
"""The launches, and the parts that could not be read: line and reason."""


def nested_yaml(text: Traced) -> Reading:
    """Read YAML that another file holds or writes: a Ray job's, or a configuration of verl."""
    from verl_doctor.lint.readers import hydra, ray_job
    from verl_doctor.lint.yaml_nodes import YamlError, documents

    try:
        roots = documents(text)
    except YamlError as error:
        return (), ((error.line, error.reason),)
    if ray_job.is_job(roots):
        return ray_job.read(text)
    return hydra.read(text) if hydra.is_configuration(text, roots) else ((), ())
