"""Facts as JSON and back, so that a scan of one machine can be judged on another."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, get_args, get_origin

from verl_doctor import SCHEMA_VERSION, __version__
from verl_doctor.errors import DataError
from verl_doctor.facts.snapshot import Facts
from verl_doctor.model import Unavailable

if TYPE_CHECKING:
    from cattrs import Converter


def document(facts: Facts) -> dict[str, Any]:
    """Return facts as plain values, with the schema's version and the tool's."""
    plain = asdict(facts)
    del plain["expected"]  # of the policy, not of the node
    return {"schema_version": SCHEMA_VERSION, "tool": {"name": "verl-doctor", "version": __version__}, **plain}


def parse(text: bytes, origin: str) -> Facts:
    """Return the facts that `document` gave. `origin` names the file in errors.

    Raises DataError where the text is no JSON, of another schema version, or not what the schema says.
    """
    from cattrs import Converter, transform_error
    from cattrs.errors import BaseValidationError

    try:
        document = json.loads(text)
    except RecursionError:
        raise DataError(f"{origin} holds no facts: its JSON is nested too deeply.") from None
    except ValueError as error:
        raise DataError(f"{origin} is not JSON: {error}.") from error
    if not isinstance(document, dict) or "schema_version" not in document:
        raise DataError(f"{origin} holds no facts: `verl-doctor facts` writes them, with a schema_version.")
    if document["schema_version"] != SCHEMA_VERSION:
        raise DataError(
            f"{origin} holds facts of schema version {document['schema_version']!r}; "
            f"this verl-doctor ({__version__}) reads version {SCHEMA_VERSION!r}."
        )
    converter = Converter()
    _refuse_other_types(converter)
    _refuse_texts_as_lists(converter)
    _tell_unavailable(converter)
    try:
        return converter.structure(document, Facts)
    except BaseValidationError as error:
        raise DataError(f"{origin} holds facts that do not fit the schema: {transform_error(error)[0]}.") from error


def _refuse_other_types(converter: Converter) -> None:
    """Make the converter check plain values instead of converting them: "12" is not the number 12."""
    for plain in (str, int, bool):

        def check(value: Any, expected: type, plain: type = plain) -> Any:
            if type(value) is not plain:
                raise TypeError(f"expected {expected.__name__}, found {type(value).__name__}")
            return value

        converter.register_structure_hook(plain, check)


def _refuse_texts_as_lists(converter: Converter) -> None:
    """Make the converter take lists for lists only: a text would be taken letter by letter."""

    def hook_for(annotation: Any) -> Callable[[Any, Any], Any]:
        item = get_args(annotation)[0]

        def structure(value: Any, _: Any) -> Any:
            if not isinstance(value, list):
                raise TypeError(f"expected a list, found {type(value).__name__}")
            return tuple(converter.structure(one, item) for one in value)

        return structure

    def is_list(annotation: Any) -> bool:
        origin: Any = get_origin(annotation)
        return origin is tuple

    converter.register_structure_hook_factory(is_list, hook_for)


def _tell_unavailable(converter: Converter) -> None:
    """Teach the converter a fact's two forms: what it is, or an object with nothing but the reason why not."""

    def is_fact(annotation: Any) -> bool:
        return Unavailable in get_args(annotation)

    def hook_for(annotation: Any) -> Callable[[Any, Any], Any]:
        (fact,) = (kind for kind in get_args(annotation) if kind is not Unavailable)

        def structure(value: Any, _: Any) -> Any:
            missing = isinstance(value, dict) and value.keys() == {"reason"}
            return converter.structure(value, Unavailable if missing else fact)

        return structure

    converter.register_structure_hook_factory(is_fact, hook_for)
