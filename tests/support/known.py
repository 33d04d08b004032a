"""Tables of what the gateway does not do yet: a test in one is expected to fail, and an error once it does not."""

import pytest


class Known(dict[str, str]):
    """The reason, by the name of a test or a case."""

    def mark(self, name: str):
        """Marks a test."""
        return pytest.mark.xfail(condition=name in self, strict=True, reason=self.get(name, ""))

    def case(self, name: str, *values):
        """A case of a test."""
        return pytest.param(*values, id=name, marks=[self.mark(name)] if name in self else [])

    def cases(self, values: dict) -> list:
        """The cases of a test, by their names."""
        return [self.case(name, value) for name, value in values.items()]
