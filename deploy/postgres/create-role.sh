#!/bin/sh
# Runs once, on an empty volume: the service's role owns its database and is no superuser.
set -eu
psql --no-psqlrc -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\set password `cat /secrets/db/app_password`
create role app login password :'password';
create database app owner app;
SQL
