"""Who acts: a participant, a member of staff under one role, or the system."""

from dataclasses import dataclass
from typing import Literal

ActorKind = Literal["participant", "staff", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """The one who acts in one request. `site_ids` None means every site of the study.

    `mode` is how a participant's answers are given in this session (own device, site tablet, interview).
    `only_assessment_id` is the one questionnaire that a tablet on loan opens; None where all of one's own do.
    """

    kind: ActorKind
    role: str
    request_id: str
    study_id: int | None = None
    site_ids: frozenset[int] | None = frozenset()
    account_id: int | None = None
    participant_id: int | None = None
    device_id: int | None = None
    mode: str = ""
    only_assessment_id: int | None = None

    @property
    def reference(self) -> str:
        """Give the pseudonymous reference that the audit trail carries."""
        key = {"participant": self.participant_id, "staff": self.account_id, "system": None}[self.kind]
        return f"{'account' if self.kind == 'staff' else self.kind}:{key if key is not None else self.role}"

    def may_reach_site(self, study_id: int, site_id: int) -> bool:
        """Tell whether objects of this site exist for the actor."""
        if self.kind == "system":
            return True
        return self.study_id == study_id and (self.site_ids is None or site_id in self.site_ids)


def system_actor(name: str, request_id: str) -> Actor:
    """Make the actor for what the app does by itself (`worker`, `command`)."""
    return Actor(kind="system", role=name, request_id=request_id, site_ids=None)
