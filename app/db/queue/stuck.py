"""Transactions that wait for a client that says nothing, and keep others waiting.

A process that is stopped keeps what it has locked. Postgres ends what is idle in a transaction
(idle_in_transaction_session_timeout), but takes a session for active that has parsed a statement and waits
for its parameters, reads a COPY, or cannot get rid of its rows; and no time limit of its own ends that.
"""

PATIENCE = 5.0
"""Seconds, as what is idle in a transaction has."""

END = """
    select pg_terminate_backend(holder.pid)
    from pg_stat_activity waiting
    cross join unnest(pg_blocking_pids(waiting.pid)) as blocking (pid)
    join pg_stat_activity holder on holder.pid = blocking.pid
    where waiting.datname = current_database() and waiting.wait_event_type = 'Lock'
      and holder.wait_event_type = 'Client'
      and holder.state_change < clock_timestamp() - make_interval(secs => $1)
      and holder.usename = current_user and holder.application_name = current_setting('application_name')
"""
"""For a connection of asyncpg, with the seconds of patience; a row for each that is ended. Only what connects
as we do: a backup may take its time, and a person, too."""
