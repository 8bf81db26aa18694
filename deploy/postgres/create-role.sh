#!/bin/sh
# Runs by itself on an empty volume; on one of an earlier release by hand (docs/deploy.md, "The database's roles").
# `owner` owns the tables and migrates them; `app`, the service, owns nothing. Neither is a superuser.
set -eu
psql --no-psqlrc -v ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname "${POSTGRES_DB:-postgres}" <<'SQL'
\set app_password `cat /secrets/db/app_password`
\set owner_password `cat /secrets/db/owner_password`
select format('create role %I login', name) from unnest(array['owner', 'app']) name
where not exists (select from pg_roles where rolname = name) \gexec
alter role owner password :'owner_password';
alter role app password :'app_password';
select 'create database app owner owner' where not exists (select from pg_database where datname = 'app') \gexec
\connect app
reassign owned by app to owner;
SQL
