-- The two roles of a database: its owner, who migrates it, and the service's own, who reads and writes rows and can change nothing else.
-- Once, in the new and empty database, by a superuser; then each role gets its password:
--
--   createdb registration
--   psql -1 -d registration -v owner=registration_owner -v service=registration -f roles.sql
--   psql -d registration -c '\password registration_owner' -c '\password registration'
--
-- What the service's role may do to which table is in grants.sql.
CREATE ROLE :"owner" LOGIN;
CREATE ROLE :"service" LOGIN;
ALTER DATABASE :"DBNAME" OWNER TO :"owner";
REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"DBNAME" TO :"service";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO :"owner";
GRANT USAGE ON SCHEMA public TO :"service";
