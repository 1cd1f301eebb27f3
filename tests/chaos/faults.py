"""Plants into the client, on its way to the phone, faults that the chaos has to find, and hardships."""

import re
from dataclasses import dataclass

_LENGTH = re.compile(rb"(content-length: *)\d+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fault:
    """Changes that make one script wrong; each text must be found, else nothing would be planted."""

    name: str
    script: str
    changes: tuple[tuple[str, str], ...]

    def plant(self, path: str, reply: bytes) -> bytes:
        """Give the reply with the fault in it where it is the script."""
        if not path.startswith(f"/static/js/{self.script}") or b" 200 " not in reply[:20]:
            return reply
        head, _, body = reply.partition(b"\r\n\r\n")
        text = body.decode()
        for right, wrong in self.changes:
            if right not in text:
                raise LookupError(f"{self.script} does not hold: {right}")
            text = text.replace(right, wrong)
        body = text.encode()
        return _LENGTH.sub(rb"\g<1>%d" % len(body), head) + b"\r\n\r\n" + body


FAULTS = {
    fault.name: fault
    for fault in (
        Fault(
            "erased-early",
            "sync.js",
            (
                (
                    "= await post(records);",
                    "= (await queue.erase(records.map((one) => one.operation_id)), await post(records));",
                ),
            ),
        ),
        Fault(
            "new-names",
            "sync.js",
            (
                (
                    "({ content }) => content).filter(({ respondent }) => !respondent)",
                    "({ content: c }) => ({ ...c, operation_id: queue.makeId() })).filter((o) => o.state)",
                ),
            ),
        ),
        Fault(
            "early-promise",
            "questionnaire.js",
            (
                ("if (waiting.has(key())) {", "if (false) {"),
                ("else if (waiting.size) say", "else if (false) say"),
            ),
        ),
    )
}
"""What the chaos has to find."""

HARDSHIPS = {
    hardship.name: hardship
    for hardship in (
        Fault(
            "late-store",
            "queue.js",
            (
                ("const LONGEST_OPEN = 5000;", "const LONGEST_OPEN = 500;"),
                (
                    "const request = indexedDB.open(DATABASE, 1);",
                    """const request = {};
    setTimeout(() => {
      const real = indexedDB.open(DATABASE, 1);
      for (const name of ["onupgradeneeded", "onsuccess", "onerror", "onblocked"])
        real[name] = () => {
          if (real.readyState === "done") [request.result, request.error] = [real.result, real.error];
          request[name]();
        };
    }, 2500);""",
                ),
            ),
        ),
    )
}
"""What phones do that the client has to bear: a store that opens later than the page waits for it."""
