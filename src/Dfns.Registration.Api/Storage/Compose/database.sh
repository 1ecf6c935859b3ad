#!/bin/sh
# Before the database's own start: a password for each of its roles, made once, and known to whoever mounts the volume that it is in.
set -eu

password() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

for role in owner service; do
    file=/run/secrets/$role/connection-string
    [ ! -e "$file" ] || continue
    (umask 077 && echo "Host=db;Database=$POSTGRES_DB;Username=dfns_$role;Password=$(password)" >"$file.new")
    # For the user that the service is in its container, and for roles.sh.
    chown 1654:postgres "$file.new"
    chmod 440 "$file.new"
    mv "$file.new" "$file"
done

# Nobody's: the superuser signs in where the server is, and nowhere else.
POSTGRES_PASSWORD=$(password)
export POSTGRES_PASSWORD
exec docker-entrypoint.sh postgres
