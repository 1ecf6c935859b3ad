#!/bin/sh
# At the first start of the database, by its superuser: the roles of roles.sql, with the passwords that database.sh has made.
set -eu

sql() { psql -q -v ON_ERROR_STOP=1 -1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" "$@"; }

sql -v owner=dfns_owner -v service=dfns_service -f /roles.sql
# By standard input, which no list of processes shows.
for role in owner service; do
    sed "s/.*Username=\(.*\);Password=\(.*\)/ALTER ROLE \1 PASSWORD '\2'/" "/run/secrets/$role/connection-string" | sql -f -
done
