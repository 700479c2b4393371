#!/bin/sh
# Creates Temporal's two databases and brings their tables up to the version of this image.
# Settings come from SQL_PLUGIN, SQL_HOST, SQL_PORT, SQL_USER and SQL_PASSWORD. Running it again changes nothing.
set -eu

setup() {
  database=$1
  schema=$2
  echo "Database $database"
  temporal-sql-tool --db "$database" create
  # Leaves a database alone that has its tables already.
  temporal-sql-tool --db "$database" setup-schema -v 0.0
  temporal-sql-tool --db "$database" update-schema --schema-name "$schema"
}

setup temporal postgresql/v12/temporal
setup temporal_visibility postgresql/v12/visibility
echo 'The databases are ready.'
