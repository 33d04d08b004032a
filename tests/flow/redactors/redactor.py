"""Replaces keys such as ship-123456, and holds what could become one."""

import re

from tidegate import Plugin, redact

KEY = re.compile(r"ship-[0-9]{6}")
# The beginning of one, at the end of a text.
OPEN = re.compile(r"(?:s|sh|shi|ship|ship-[0-9]{0,5})\Z")


class Redactor(Plugin):
    def moderate_output(self, ctx, texts, last):
        edits, hold = [], {}
        for text in texts:
            gone = len(text.content.encode()[: text.released].decode())
            edits += [text.edit(*found.span(), "<*>") for found in KEY.finditer(text.content) if found.start() >= gone]
            begun = OPEN.search(text.content, gone)
            hold[text] = text.size(begun.start()) if begun else 0
        return redact(edits, hold=hold)
