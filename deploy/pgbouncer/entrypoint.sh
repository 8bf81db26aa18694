#!/bin/sh
# The image holds no password: the users' file is written from the environment at every start.
set -eu
umask 077
printf '"app" "%s"\n' "${DB_PASSWORD:?}" > /tmp/users.txt
unset DB_PASSWORD
exec pgbouncer /etc/pgbouncer/pgbouncer.ini
