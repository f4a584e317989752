#!/bin/sh
# Runs once, when the database's volume is empty.  The migration would make the
# same roles without passwords; neither may bypass row-level security.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --set web="$NIGHTWORK_WEB_PASSWORD" --set worker="$NIGHTWORK_WORKER_PASSWORD" <<'SQL'
CREATE ROLE nightwork_web LOGIN NOINHERIT PASSWORD :'web';
CREATE ROLE nightwork_worker LOGIN NOINHERIT PASSWORD :'worker';
SQL
