"""The statements behind the arrows: each moves a job and writes its event row."""

from sqlalchemy import TextClause, text

from models.hot import Statement
from models.states import ACTIVE, Arrow, Reason
from models.tables.columns import listed

_HELD = "AND j.attempt = :attempt AND j.claim_id = :claim_id"
_LET_GO = "worker_id = NULL, claim_id = NULL, current_step = NULL"
_AT_ONCE = "due_at = now(), delivered_at = NULL"
# It stays due since it was: what was under way goes before what has not begun.
_GO_ON = "delivered_at = NULL"
# After two deaths in company a job runs alone, so that a poisonous one can take
# no neighbours along; only while somebody serves the isolated queue.
_TO_ISOLATION = """j.deaths >= 1 AND j.queue NOT LIKE '%-isolated' AND EXISTS (
    SELECT 1 FROM workers w WHERE w.dead_at IS NULL AND w.stopped_at IS NULL
    AND j.queue || '-isolated' = ANY (w.queues))"""
_END = "finished_at = now(), cancel_requested_at = NULL"


def _sql(
    arrow: Arrow,
    sets: str,
    *,
    chosen: str = "j.id = :id",
    others: str = "",
    more: str = "",
    shown: str = "m.id",
) -> str:
    """Write the statement of an arrow: `others` are FROM items, `more` further CTEs."""
    return f"""
        WITH m AS (
            UPDATE jobs j
            SET state = '{arrow.target}', event_seq = j.event_seq + 1, {sets}
            {others}
            WHERE {chosen} AND j.state IN ({listed(arrow.sources)})
            RETURNING j.*
        ), e AS (
            INSERT INTO job_events (job_id, seq, user_id, type, name, attempt, data)
            SELECT id, event_seq, user_id, 'state', '{arrow.event}', attempt,
                   jsonb_build_object('state', state, 'reason', reason)
            FROM m
        ){more}
        SELECT {shown} FROM m
    """  # noqa: S608 - every part is a constant of this module


def _move(arrow: Arrow, sets: str, **parts: str) -> TextClause:
    return text(_sql(arrow, sets, **parts))


SUBMIT = text(f"""
    WITH m AS (
        INSERT INTO jobs (id, user_id, kind, queue, state, priority, dedupe_key, tags,
                          due_at, expires_at, event_seq)
        VALUES (:id, :user_id, :kind, :queue, '{Arrow.SUBMITTED.target}', :priority,
                :dedupe_key, :tags, coalesce(CAST(:run_at AS timestamptz), now()),
                now() + CAST(:ttl AS interval), 1)
        ON CONFLICT (user_id, kind, dedupe_key, lane)
            WHERE dedupe_key IS NOT NULL AND state IN ({listed(ACTIVE)})
            DO NOTHING
        RETURNING *
    ), d AS (
        INSERT INTO job_data (job_id, user_id, payload)
        SELECT id, user_id, CAST(:payload AS jsonb) FROM m
    ), e AS (
        INSERT INTO job_events (job_id, seq, user_id, type, name, attempt, data)
        SELECT id, 1, user_id, 'state', '{Arrow.SUBMITTED.event}', 0,
               jsonb_build_object('state', state)
        FROM m
    )
    SELECT id FROM m
""")  # noqa: S608 - every part is a constant of this module

# Small results ride on the claim; large ones are read when their step is reached.
_MEMO = """(
    SELECT jsonb_agg(jsonb_build_object(
        'name', s.name, 'state', s.state, 'failures', s.failures, 'tries', s.tries,
        'effect', s.effect, 'error', CASE s.state WHEN 'failed' THEN s.error END,
        'large', coalesce(pg_column_size(s.result) > 8192, false),
        'result', CASE WHEN pg_column_size(s.result) <= 8192 THEN s.result END))
    FROM job_steps s WHERE s.job_id = m.id
)"""

CLAIM = Statement(
    _sql(
        Arrow.CLAIMED,
        """attempt = j.attempt + 1, worker_id = :worker_id, claim_id = :claim_id,
       delivery = greatest(j.delivery, CAST(:delivery AS integer)),
       started_at = coalesce(j.started_at, now()), expires_at = NULL""",
        chosen="""j.id = :id AND j.due_at <= now()
        AND (j.expires_at IS NULL OR j.expires_at > now())
        AND EXISTS (SELECT 1 FROM workers w WHERE w.id = :worker_id
                    AND w.dead_at IS NULL AND w.stopped_at IS NULL)""",
        shown=f"""m.attempt, m.user_id, m.kind, m.queue, m.failures,
        (SELECT d.payload FROM job_data d WHERE d.job_id = m.id) AS payload,
        CASE WHEN m.attempt > 1 THEN {_MEMO} END AS memo""",  # noqa: S608 - a constant of this module
    )
)

COMPLETE = Statement(
    _sql(
        Arrow.COMPLETED,
        f"{_LET_GO}, {_END}, progress = 100",
        chosen=f"j.id = :id {_HELD}",
        more=""", d AS (UPDATE job_data SET result = CAST(:result AS jsonb),
                           error = NULL, error_detail = NULL
                    FROM m WHERE job_id = m.id)""",
    )
)

_ERROR = """, d AS (UPDATE job_data SET error = :error,
                           error_detail = CAST(:detail AS jsonb)
                    FROM m WHERE job_id = m.id)"""

SUSPEND = _move(
    Arrow.SUSPENDED,
    f"""{_LET_GO}, reason = :reason, delivered_at = NULL,
        due_at = coalesce(CAST(:until AS timestamptz),
                          now() + CAST(:delay AS interval))""",
    chosen=f"j.id = :id {_HELD} AND j.cancel_requested_at IS NULL",
)

BACK_OFF = _move(
    Arrow.SUSPENDED,
    f"""{_LET_GO}, reason = '{Reason.BACKOFF}', failures = j.failures + 1,
        due_at = now() + CAST(:delay AS interval), delivered_at = NULL""",
    chosen=f"j.id = :id {_HELD} AND j.cancel_requested_at IS NULL",
    more=_ERROR,
)

HAND_OVER = _move(
    Arrow.HANDED_OVER,
    f"{_LET_GO}, {_GO_ON}",
    chosen=f"j.id = :id {_HELD} AND j.cancel_requested_at IS NULL",
)

STOP = _move(
    Arrow.STOPPED,
    f"{_LET_GO}, {_END}",
    chosen=f"j.id = :id {_HELD} AND j.cancel_requested_at IS NOT NULL",
)

FAIL = _move(
    Arrow.FAILED,
    f"{_LET_GO}, {_END}, reason = :reason, failures = j.failures + :counted",
    chosen=f"j.id = :id {_HELD}",
    more=_ERROR,
    shown="m.*",
)

EXPIRE = _move(
    Arrow.EXPIRED,
    f"{_END}, reason = '{Reason.EXPIRED}'",
    chosen="j.id = :id AND j.expires_at <= now()",
    more=_ERROR,
    shown="m.*",
)

CANCEL = _move(Arrow.CANCELLED, f"{_END}, reason = NULL")

REQUEST_CANCEL = text("""
    WITH m AS (
        UPDATE jobs
        SET cancel_requested_at = coalesce(cancel_requested_at, now()),
            event_seq = event_seq + 1
        WHERE id = :id AND state = 'running'
        RETURNING id, user_id, event_seq, attempt
    ), e AS (
        INSERT INTO job_events (job_id, seq, user_id, type, name, attempt)
        SELECT id, event_seq, user_id, 'state', 'cancel requested', attempt FROM m
    )
    SELECT id FROM m
""")

# A lost job is named with the claim it was seen under, so that one taken on by
# somebody else in between is left alone.
_LOST = """FROM (
    SELECT r.id, r.claim_id FROM jobs r
    WHERE r.state = 'running' AND NOT EXISTS (
        SELECT 1 FROM workers w WHERE w.id = r.worker_id
        AND w.dead_at IS NULL AND w.stopped_at IS NULL)
    LIMIT :batch FOR UPDATE SKIP LOCKED
) lost"""
_STILL_LOST = "j.id = lost.id AND j.claim_id = lost.claim_id"

RESCUE = _move(
    Arrow.RESCUED,
    f"{_LET_GO}, {_GO_ON}, deaths = j.deaths + 1, queue = CASE WHEN {_TO_ISOLATION}"
    " THEN j.queue || '-isolated' ELSE j.queue END",
    others=_LOST,
    chosen=f"{_STILL_LOST} AND j.cancel_requested_at IS NULL",
)

STOP_LOST = _move(
    Arrow.STOPPED,
    f"{_LET_GO}, {_END}",
    others=_LOST,
    chosen=f"{_STILL_LOST} AND j.cancel_requested_at IS NOT NULL",
)

RESUME = _move(
    Arrow.RESUMED,
    "reason = NULL, delivered_at = NULL",
    others="""FROM (
        SELECT w.id FROM jobs w
        WHERE w.state = 'waiting' AND w.due_at <= now()
        ORDER BY w.due_at LIMIT :batch FOR UPDATE SKIP LOCKED
    ) due""",
    chosen="j.id = due.id",
)

# An operator has looked: the step in doubt is tried again, under the same key.
RELEASE = _move(
    Arrow.RESUMED,
    f"{_AT_ONCE}, reason = NULL",
    chosen=f"j.id = :id AND j.reason = '{Reason.HOLD}'",
    more=""", s AS (UPDATE job_steps t SET state = 'retrying' FROM m
                    WHERE t.job_id = m.id AND t.state = 'held')""",
)

RETRY = _move(
    Arrow.RETRIED,
    f"""{_AT_ONCE}, reason = NULL, finished_at = NULL, failures = 0, deaths = 0,
        own_deaths = 0, progress = NULL, note = NULL, expires_at = NULL""",
    more=""", s AS (UPDATE job_steps t SET failures = 0,
                    ended_at = CASE t.state WHEN 'completed' THEN t.ended_at END,
                    state = CASE t.state WHEN 'failed' THEN 'retrying' ELSE t.state END
                    FROM m WHERE t.job_id = m.id
                    AND (t.failures > 0 OR t.state <> 'completed')),
              f AS (UPDATE failed_jobs SET replayed_at = now() FROM m
                    WHERE job_id = m.id AND replayed_at IS NULL),
              d AS (UPDATE job_data SET error = NULL, error_detail = NULL FROM m
                    WHERE job_id = m.id)""",
)

ALONE = text(f"""
    UPDATE jobs j SET own_deaths = own_deaths + 1
    WHERE j.id = :id AND j.state = 'running' {_HELD} RETURNING j.own_deaths
""")  # noqa: S608 - every part is a constant of this module
