"""The kinds of question: for each, what may be asked, what blocks it, its options and its key.

Pure: no ORM, no HTTP. A new kind is a `Kind` with its functions, an entry in `KINDS`, and a template
where `components/_question.html` cannot draw it.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from quizzes import keys
from quizzes.keys import Ask, Keyed, KeyFault


@dataclass(frozen=True)
class Said:
    """A part as the question words it, and whether it is true."""

    text: str
    true: bool


@dataclass(frozen=True)
class Asked:
    """What a kind needs to know of a question."""

    ref: str
    stem: str
    ask: str
    shows: str
    parts: tuple[Said, ...]

    @property
    def texts(self) -> list[str]:
        return [part.text for part in self.parts]

    @property
    def truths(self) -> list[bool]:
        return [part.true for part in self.parts]


@dataclass(frozen=True)
class Face:
    """What a student sees before answering. It holds nothing of the key."""

    lead: str
    statements: tuple[str, ...]
    closing: str
    options: tuple[tuple[str, str], ...]
    sentences: bool
    template: str

    @property
    def digest(self) -> str:
        """Names this face, so that an answer given to other words is noticed."""
        seen = [self.lead, self.statements, self.closing, self.options]
        return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:32]

    @property
    def rows(self) -> list[dict[str, str | bool]]:
        """The options as components/_question.html takes them."""
        return [{"letter": letter, "text": text, "value": letter, "chosen": False} for letter, text in self.options]

    @property
    def letters(self) -> list[str]:
        return [letter for letter, _text in self.options]


@dataclass(frozen=True)
class Kind:
    """One kind of question.

    `sizes`: how many parts it may have. `one_answer`: exactly one part must answer the question.
    `numbered`: the parts are numbered statements in the order of writing; otherwise each is an option.
    """

    code: str
    name: str | Promise
    sizes: tuple[int, ...]
    numbered: bool
    one_answer: bool
    key: Callable[[Asked], Keyed]
    closing: Callable[[Asked], str]
    template: str = "components/_question.html"

    def face(self, asked: Asked, keyed: Keyed) -> Face:
        return Face(
            lead=asked.stem,
            statements=tuple(asked.texts) if self.numbered else (),
            closing=self.closing(asked),
            options=tuple(keyed.lettered),
            sentences=not self.numbered and asked.shows == "statement",
            template=self.template,
        )

    def blockers(self, asked: Asked) -> list[str]:
        """Why this question has no key yet, in plain words; [] when it has one."""
        if len(asked.parts) not in self.sizes:
            return [self._wrong_size(len(asked.parts))]
        if len(set(asked.texts)) < len(asked.parts):
            return [_("Two of its parts read the same. Change or remove one.")]
        try:
            self.key(asked)
        except KeyFault as fault:
            return [str(fault)]
        return []

    def _wrong_size(self, count: int) -> str:
        least, most = self.sizes[0], self.sizes[-1]
        found = ngettext("It has %(count)s part", "It has %(count)s parts", count) % {"count": count}
        return _("%(found)s; this kind of question needs %(least)s to %(most)s.") % {
            "found": found,
            "least": least,
            "most": most,
        }


def _closing_of_statements(asked: Asked) -> str:
    if asked.ask == Ask.CORRECT:
        return _("Which of the statements given above is/are correct?")
    return _("Which of the statements given above is/are not correct?")


def _closing_of_single(asked: Asked) -> str:
    """Where options are words, the stem itself is the question."""
    if asked.shows == "words":
        return ""
    if asked.ask == Ask.CORRECT:
        return _("Which one of the following statements is correct?")
    return _("Which one of the following statements is not correct?")


STATEMENTS = Kind(
    code="statements",
    name=gettext_lazy("statements with a combination key"),
    sizes=(2, 3),
    numbered=True,
    one_answer=False,
    key=lambda asked: keys.combination(asked.truths, ask=asked.ask, seed=asked.ref),
    closing=_closing_of_statements,
)
SINGLE = Kind(
    code="single",
    name=gettext_lazy("single best answer"),
    sizes=(3, 4, 5),  # the examination prints four
    numbered=False,
    one_answer=True,
    key=lambda asked: keys.single(asked.texts, asked.truths, ask=asked.ask, seed=asked.ref),
    closing=_closing_of_single,
)

KINDS = {kind.code: kind for kind in (STATEMENTS, SINGLE)}
