"""C++ symbols for people; the right names are those of c++filt (binutils 2.42), without parameters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verl_doctor.mangled import has_cxx11_strings, readable


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("_ZN5torch3jit17parseSchemaOrNameERKSsb", "torch::jit::parseSchemaOrName"),
        ("_ZNK2at10TensorBase8data_ptrIfEEPT_v", "at::TensorBase::data_ptr<...>"),
        ("_ZN3c105ErrorC2ENS_14SourceLocationESs", "c10::Error::Error"),
        ("_ZN3c106SymIntD1Ev", "c10::SymInt::~SymInt"),
        ("_ZTVN5torch8autograd4NodeE", "vtable for torch::autograd::Node"),
        ("_ZTIN3c105ErrorE", "typeinfo for c10::Error"),
        ("_ZN3c10lsERSoNS_10DeviceTypeE", "c10::operator<<"),
        ("_ZN3c10eqERKNS_6IValueES2_", "c10::operator=="),
        ("_Z16THPVariable_WrapN2at10TensorBaseE", "THPVariable_Wrap"),
        ("_ZN3c1021AutogradMetaInterface1xILNS_10DeviceTypeE12EE3getEv", "c10::AutogradMetaInterface::x<...>::get"),
        ("_ZN3c103fooIXsr3std7is_sameIiiEE5valueEEEvv", "c10::foo<...>"),
        ("_ZNSt6vectorIiE4sizeEv", "std::vector<...>::size"),
        ("_ZN5torch3jit1SB5cxx11Ev", None),
        ("printf", None),
        ("_Z", None),
        ("_ZN5torch3jit", None),
        ("_ZN3c10cvbEv", None),
    ],
)
def test_readable(symbol: str, name: str | None) -> None:
    assert readable(symbol) == name


@pytest.mark.parametrize(
    ("symbol", "abi"),
    [
        ("_ZN5torch3jit17parseSchemaOrNameERKSsb", False),
        ("_ZN3c105ErrorC2ENS_14SourceLocationENSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE", True),
        ("_ZN2at6TensorC1Ev", None),
        ("_ZN2at8SsSsSsSsEv", None),
        ("aoti_torch_empty_strided", None),
    ],
)
def test_abi(symbol: str, abi: bool | None) -> None:
    assert has_cxx11_strings(symbol) is abi


@given(st.text("_ZNKEISTst0123456789abcLC ", max_size=40))
def test_anything_is_answered(text: str) -> None:
    readable(f"_Z{text}")
    has_cxx11_strings(f"_Z{text}")
