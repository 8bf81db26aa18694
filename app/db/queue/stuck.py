"""Transactions that wait for a client that says nothing, and keep others waiting.

A process that is stopped keeps what it has locked. Postgres ends what is idle in a transaction
(idle_in_transaction_session_timeout), but takes a session for active that has parsed a statement and waits
for its parameters, reads a COPY, or cannot get rid of its rows; and no time limit of its own ends that. Of a
connection that was cut because its line is dead, the server is not told either.

All here are for a connection of asyncpg, give a row for each that is ended, and end only what connects as we
do: a backup may take its time, and a person, too.
"""

PATIENCE = 5.0
"""Seconds, as what is idle in a transaction has."""

OURS = "usename = current_user and application_name = current_setting('application_name')"
END_OWN = f"select pg_terminate_backend(pid) from pg_stat_activity where pid = any($1) and {OURS}"
"""The processes of the server behind connections that we have cut ourselves."""

END = f"""
    select pg_terminate_backend(holder.pid)
    from pg_stat_activity waiting
    cross join unnest(pg_blocking_pids(waiting.pid)) as blocking (pid)
    join (select pid, wait_event_type, state_change from pg_stat_activity where {OURS}) holder
      on holder.pid = blocking.pid
    where waiting.datname = current_database() and waiting.wait_event_type = 'Lock'
      and holder.wait_event_type = 'Client'
      and holder.state_change < clock_timestamp() - make_interval(secs => $1)
"""
"""With the seconds of patience: those that others wait for, and that wait for their client."""
