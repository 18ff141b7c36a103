"""What `relay-diag verify` and `relay-diag timeline` say, as pydantic models (pydantic 2).

    relay-diag verify --format json | python3 read_documents.py
    relay-diag timeline --since 1h --format json | python3 read_documents.py

Models of everything are generated from the schemas: see docs/json.md. These have the fields that are used here: what is not
named is ignored, so that a later version of the program may add some.
"""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, TypeAdapter


class NotKnown(BaseModel):
    section: str
    why: str


class Check(BaseModel):
    name: str
    instance: str | None
    outcome: Literal['pass', 'fail', 'inconclusive']
    detail: str


class Verify(BaseModel):
    id: Literal['relay-diag.verify.v1'] = Field(alias='schema')
    headline: str
    outcome: Literal['pass', 'fail', 'inconclusive']
    checks: list[Check]
    not_known: list[NotKnown]
    next_steps: list[str]

    def lines(self) -> list[str]:
        wrong = [check for check in self.checks if check.outcome != 'pass']
        told = [f'{check.outcome}: {check.name} of {check.instance or "all"}: {check.detail}' for check in wrong]
        return [self.headline, *told, *self.next_steps]


class Diagnosis(BaseModel):
    # Null = the evidence does not tell: that is neither true nor false.
    incident: bool | None
    # Further failure modes and kinds may come: these are texts, not enumerations.
    failure_mode: str | None
    start: datetime | None = Field(alias='from')
    end: datetime | None = Field(alias='to')


class Entry(BaseModel):
    start: datetime
    end: datetime | None
    kind: str
    event: str
    duration: str
    severity: Literal['ok', 'info', 'warning', 'critical']
    in_progress: bool


class Timeline(BaseModel):
    id: Literal['relay-diag.timeline.v1'] = Field(alias='schema')
    headline: str
    diagnosis: Diagnosis
    entries: list[Entry]
    not_known: list[NotKnown]

    def lines(self) -> list[str]:
        grave = [entry for entry in self.entries if entry.severity == 'critical']
        return [self.headline, *(f'{entry.start:%H:%M:%S} {entry.event}: {entry.duration}' for entry in grave)]


class Trouble(BaseModel):
    kind: str
    message: str
    hint: str


class Error(BaseModel):
    id: Literal['relay-diag.error.v1'] = Field(alias='schema')
    error: Trouble
    exit_code: int

    def lines(self) -> list[str]:
        return [f'not asked: {self.error.message}', self.error.hint]


Document = TypeAdapter(Annotated[Verify | Timeline | Error, Field(discriminator='id')])


def main() -> None:
    document = Document.validate_json(sys.stdin.buffer.read())
    for line in document.lines():
        print(line)
    for part in getattr(document, 'not_known', []):
        print(f'not known: {part.section}: {part.why}')


if __name__ == '__main__':
    main()
