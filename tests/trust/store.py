"""What is done to the database behind the service's back."""

from sqlalchemy import text

from app.db.engine import Database

_PREPARE = (
    "create sequence if not exists stores",
    "create table if not exists refused_stores (number bigint)",
    """
    create or replace function refuse_store() returns trigger language plpgsql as $$
    begin
        if nextval('stores') in (select number from refused_stores) then
            raise exception 'out of room' using errcode = '53200';
        end if;
        return null;
    end $$
    """,
    "create or replace trigger refuse_store before insert on predictions execute function refuse_store()",
)
_EMPTY = (
    "delete from refused_stores",
    "delete from predictions",
    "delete from promotions",
    "update models set live_version_id = null",
    "delete from model_versions",
    "delete from models",
    "delete from input_objects",
    "alter sequence predictions_id_seq restart",  # as in a database of its own
)


async def prepare(database: Database) -> None:
    """So that a store can be refused: a sequence counts them, which a refused transaction does not undo."""
    async with database.transactions.begin() as session:
        for statement in _PREPARE:
            await session.execute(text(statement))


async def empty(database: Database) -> None:
    async with database.transactions.begin() as session:
        for statement in _EMPTY:
            await session.execute(text(statement))


async def refuse_once(database: Database) -> None:
    """The next insert of predictions fails."""
    async with database.transactions.begin() as session:
        await session.execute(text("insert into refused_stores select nextval('stores') + 1"))


async def age(database: Database, seconds: float) -> None:
    """Let so much time have passed since all that was computed."""
    statement = """
        update predictions set computed_at = computed_at - make_interval(secs => :seconds),
                               expires_at = expires_at - make_interval(secs => :seconds)
    """
    async with database.transactions.begin() as session:
        await session.execute(text(statement), {"seconds": seconds})
