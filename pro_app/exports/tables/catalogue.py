"""All tables of a dataset in their order."""

from pro_app.exports.tables.assessments import ASSESSMENTS
from pro_app.exports.tables.audit_trail import AUDIT_TRAIL
from pro_app.exports.tables.completion import COMPLETION
from pro_app.exports.tables.deterioration import DETERIORATION
from pro_app.exports.tables.events import EVENTS
from pro_app.exports.tables.items import ITEMS
from pro_app.exports.tables.participants import PARTICIPANTS
from pro_app.exports.tables.remarks import REMARKS
from pro_app.exports.tables.scores import SCORES
from pro_app.exports.tables.visits import VISITS

TABLES = (
    PARTICIPANTS,
    EVENTS,
    VISITS,
    ASSESSMENTS,
    ITEMS,
    SCORES,
    DETERIORATION,
    COMPLETION,
    AUDIT_TRAIL,
    REMARKS,
)
