"""The hooks have one list of names, whoever writes it down: the contract, the SDK of guests, and the page of the contract."""

import re

import pytest

from support.gateway import ROOT

NAMES = re.compile(r'Self::\w+ => "(\w+)",')


def names(path: str) -> list[str]:
    return NAMES.findall((ROOT / path).read_text())


def test_the_sdk_knows_the_hooks_of_the_contract():
    contract = names("plugin-sdk/contract/src/hook.rs")
    assert len(contract) == 10
    assert names("plugin-sdk/rust/src/hook.rs") == contract


@pytest.mark.parametrize("hook", names("plugin-sdk/contract/src/hook.rs"))
def test_every_hook_is_described(hook):
    assert f"| `{hook}` |" in (ROOT / "docs/plugins/contract.md").read_text()
