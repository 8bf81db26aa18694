"""What a database is at, for whoever reads why something did not go on."""

from sqlalchemy import text

from app.db.engine import Sessions

LOOKS = {
    "connections": """
        select pid, pg_blocking_pids(pid) as blocked_by, state, wait_event, backend_xid,
               now() - state_change as since, now() - xact_start as transaction, left(query, 160) as query
        from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
    """,
    "tasks": """
        select id, entrypoint, status, queue_manager_id, now() - heartbeat as silent,
               execute_after - now() as due_in, attempts, convert_from(payload, 'UTF8') as about from pgqueuer
    """,
    "claims": """
        select left(content_hash, 8) as content, owner, beacon, lease_until - now() as lease, error
        from content_claims
    """,
    "workers": "select id, until - now() as left from workers",
    "jobs": "select id, state, error from prediction_jobs where state in ('queued', 'running')",
    "chunks": """
        select id, job_id, state, attempts from prediction_job_chunks where state in ('queued', 'running')
    """,
    "operations": """
        select id, state, attempts, due_at - now() as due_in, ticket is not null as sent from operations
        where state in ('queued', 'running')
    """,
    "evaluations": "select id, state, attempts from evaluations where state in ('queued', 'running')",
}

WAITS = """
    select max(extract(epoch from clock_timestamp() - query_start)) from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'
"""


async def longest_wait(sessions: Sessions) -> float:
    """Seconds for which a statement waits for a lock now."""
    async with sessions() as session:
        return float(await session.scalar(text(WAITS)) or 0)


async def described(sessions: Sessions) -> str:
    """Connections and who blocks them, and all that is under way, a line each."""
    lines = []
    async with sessions() as session:
        for name, look in LOOKS.items():
            found = (await session.execute(text(look))).mappings().all()
            lines += [f"{name}: { {key: str(value) for key, value in row.items()} }" for row in found]
    return "\n".join(lines)
