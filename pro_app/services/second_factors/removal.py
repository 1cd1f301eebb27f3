"""Taking somebody's second factor away, who then sets up another one at the next sign-in."""

from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change
from pro_app.errors import InputRejected, Problem
from pro_app.language import mark
from pro_app.services.account_reach import require_changeable, require_works_here_only
from pro_app.services.account_records import account_ref, load_account, record_account_change
from pro_app.services.open_invitations import withdraw_invitation
from pro_app.services.second_factors.passkey_records import remove_all_passkeys
from pro_app.services.second_factors.records import TOTP, find_second_factor, replace_recovery_codes
from pro_app.services.second_person import require_second_person
from pro_app.services.staff_sessions import end_staff_sessions
from pro_app.storage.tables.accounts import Account


def reset_second_factor(session: Session, *, account_id: int, actor: Actor, now: datetime) -> Account:
    """Remove an account's app, passkeys and recovery codes and end its sessions; one without stays as it is.

    An open invitation ends too: its code would replace the password as well, whoever holds it.

    Raises NotFound out of the actor's reach, NotPermitted for a coordinator where the account is an
    administrator's or a coordinator's, InputRejected for one's own, for one that also works elsewhere,
    and for whoever just made its password, or whose invitation was just used.
    """
    account = load_account(session, account_id, actor=actor)
    if actor.account_id == account_id:
        message = mark("You cannot reset your own second factor. Set up another phone under “My account”.")
        raise InputRejected((Problem(message, place="account"),))
    require_changeable(session, account_id, actor=actor, now=now)
    require_works_here_only(session, account_id, actor=actor, now=now)
    factor = find_second_factor(session, account_id, lock=True)
    if factor is None:
        return account
    require_second_person(session, account_id, what="second_factor", actor=actor, now=now)
    withdraw_invitation(session, account_id, actor=actor, now=now)
    factor.removed_at, factor.removed_by_id = now, actor.account_id
    remove_all_passkeys(session, account_id, by_id=actor.account_id, now=now)
    replace_recovery_codes(session, account_id=account_id, now=now)
    end_staff_sessions(session, account_id=account_id, now=now)
    items = [{"field": "second_factor", "before": TOTP, "after": None}]
    change = Change("account.remove_factor", account_ref(account), items)
    record_account_change(session, change, actor=actor, now=now)
    return account
