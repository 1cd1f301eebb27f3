"""Comparing what was tapped with what is stored: nothing lost, nothing doubled, the last word standing."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from chaos.stored import StoredAnswer, StoredForm
from chaos.taps import Memory, Tap

SIMULTANEOUS_SECONDS = 3.0
"""Of two devices that answer an item within this time either may stand: they wait differently long."""


@dataclass
class Verdict:
    """What came of one session; `differences` is empty where everything is as it was tapped.

    `gone_after_warning` counts the taps whose page said that it holds them alone, and died or was left.
    """

    operations: int = 0
    lost: int = 0
    gone_after_warning: int = 0
    doubled: int = 0
    set_aside: int = 0
    differences: list[str] = field(default_factory=list)


def judge(memory: Memory, form: StoredForm, *, companion: str, stuck: list[str]) -> Verdict:
    """Compare one patient's memory with the stored form; `stuck` is what still waits on the devices."""
    verdict = Verdict(operations=len(form.answers))
    verdict.set_aside = sum(answer.aside for answer in form.answers)
    verdict.differences += [f"still on the phone: {one}" for one in stuck]
    verdict.differences += [f"not true: {lie}" for lie in memory.lies]
    found = _match(memory.taps, form, verdict)
    _judge_audit(form, verdict)
    _judge_standing(memory.taps, form, found=found, verdict=verdict)
    _judge_submission(memory, form, verdict)
    may_be_late = companion or memory.sent_plainly  # a page without its script knows nothing of what waits
    if verdict.set_aside and not (may_be_late and form.submissions):
        verdict.differences.append(f"{verdict.set_aside} set aside without a reason")
    return verdict


def _match(taps: list[Tap], form: StoredForm, verdict: Verdict) -> dict[int, StoredAnswer]:
    """Find the stored operation of each tap, by its name; without one by what it says. Gives them by tap."""
    named = {tap.operation_id: index for index, tap in enumerate(taps) if tap.operation_id}
    found: dict[int, StoredAnswer] = {}
    strange = []
    for answer in form.answers:
        index = named.get(answer.operation_id)
        if index is None:
            strange.append(answer)
        elif index in found:
            verdict.doubled += 1
            verdict.differences.append(f"twice: {answer}")
        else:
            found[index] = answer
            if taps[index].said != answer.said:
                verdict.differences.append(f"changed: {taps[index]} is stored as {answer}")
    _match_nameless(strange, taps, found=found, verdict=verdict)
    for index, tap in enumerate(taps):
        if index in found:
            continue
        verdict.gone_after_warning += tap.warned and not tap.promised
        if tap.promised:
            verdict.lost += 1
            verdict.differences.append(f"lost: tap {index} of {len(taps)}, {tap}")
    return found


def _match_nameless(
    strange: list[StoredAnswer], taps: list[Tap], *, found: dict[int, StoredAnswer], verdict: Verdict
) -> None:
    """Find the taps, made without the script, of operations that no script has named."""
    for answer in reversed(strange):
        nameless = [
            index
            for index, tap in enumerate(taps)
            if tap.operation_id is None and index not in found and tap.said == answer.said
        ]
        if nameless:
            found[max(nameless, key=lambda index: (taps[index].promised, index))] = answer
        else:
            verdict.doubled += 1
            verdict.differences.append(f"never tapped, or tapped once and stored again: {answer}")


def _judge_audit(form: StoredForm, verdict: Verdict) -> None:
    stored = Counter(answer.operation_id for answer in form.answers)
    if stored != form.audited:
        verdict.differences.append(
            f"the audit trail differs: {stored - form.audited} missing, {form.audited - stored} too many"
        )


def _judge_standing(
    taps: list[Tap], form: StoredForm, *, found: dict[int, StoredAnswer], verdict: Verdict
) -> None:
    """Check that the last tap about each item stands, in true time."""
    last: defaultdict[str, dict[int, tuple[Tap, StoredAnswer]]] = defaultdict(dict)
    said = {taps[i].item for i, a in found.items() if not a.aside and taps[i].state != "left_blank"}
    for index, answer in sorted(found.items()):
        passed_by = taps[index].state == "left_blank" and taps[index].item in said  # takes no answer's place
        if not answer.aside and not passed_by:
            last[taps[index].item][taps[index].device] = taps[index], answer
    standing = {answer.said[0]: answer for answer in form.answers if answer.stands}
    for item, by_device in last.items():
        latest = max(tap.at for tap, _ in by_device.values())
        right = [a.operation_id for tap, a in by_device.values() if latest - tap.at <= SIMULTANEOUS_SECONDS]
        stands = standing.get(item)
        if stands is None or stands.operation_id not in right:
            verdict.differences.append(f"of {item} stands {stands}, last tapped: {[*by_device.values()]}")


def _judge_submission(memory: Memory, form: StoredForm, verdict: Verdict) -> None:
    if form.submissions > 1 or (form.submissions == 1) != (form.receipt_code is not None):
        verdict.differences.append(f"{form.submissions} submissions, receipt {form.receipt_code}")
    if form.submissions and not memory.sending:
        verdict.differences.append("sent by nobody")
    if memory.sent and not form.submissions:
        verdict.lost += 1
        verdict.differences.append("lost: the form was sent, and is not received")
    plain = {code.replace("-", "").replace(" ", "") for code in memory.receipts}
    if plain - {form.receipt_code}:
        verdict.differences.append(f"receipts {memory.receipts} were shown, {form.receipt_code} is stored")
    if form.submissions and memory.sending and not plain:
        verdict.differences.append("received, and no receipt is shown")
