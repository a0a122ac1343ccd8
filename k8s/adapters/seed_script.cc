// What the init container of a new set's pods runs; tests/k8s/adapters/seed_script_test.py runs it
// with servers that are none.
#include "k8s/adapters/new_set.h"

namespace ratchet::k8s {

// Passwords go through file descriptors, so that no process list shows them. The copy must not lie
// in the data directory of the server that makes it, nor exist; so it is made beside, and moved.
const char* const seed_script = R"sh(#!/bin/bash
# Fills a volume with a copy of a member's data, made by the version that the member runs, and has
# that version shut it down slowly: the next version finds nothing to redo, and nothing to undo.
set -euo pipefail
data=${SEED_DATA:-/var/lib/mysql}
scratch=${SEED_SCRATCH:-/tmp/ratchet-seed}
mark=$data/.ratchet-seed
server=''
trap 'exit 143' TERM INT
trap '[ -z "$server" ] || { kill "$server" && wait "$server"; } 2> /dev/null' EXIT
say() { printf '%s %s\n' "$(date -u +%FT%TZ)" "$*"; }
die() { say "ERROR: $*"; exit 1; }
literal() { local s=${1//\\/\\\\}; printf "'%s'" "${s//\'/\\\'}"; }
value() { local s=${1//\\/\\\\}; printf '"%s"' "${s//\"/\\\"}"; }
client() { printf '[client]\nuser=%s\npassword=%s\n' "$(value "$1")" "$(value "$2")"; }

# sql USER PASSWORD STATEMENTS
sql() {
  mysql --defaults-extra-file=<(client "$1" "$2") --protocol=socket --socket="$scratch/socket" -N \
    <<< "$3"
}

# start FOLDER USER PASSWORD OPTION…: the server without network, until it answers.
start() {
  local folder=$1 user=$2 password=$3
  shift 3
  mysqld "$@" --user=mysql --datadir="$folder" --socket="$scratch/socket" \
    --pid-file="$scratch/pid" --skip-networking --mysqlx=OFF --event-scheduler=OFF \
    --loose-skip-replica-start --loose-group-replication-start-on-boot=OFF &
  server=$!
  until sql "$user" "$password" 'SELECT 1' > /dev/null 2>&1; do
    kill -0 "$server" 2> /dev/null || die "the server ended; its messages are above"
    sleep 0.2
  done
}

# By itself, with exit code 0; any other ends this script.
await_end() {
  wait "$server"
  server=''
}

if [ "$(cat "$mark" 2> /dev/null)" = "$SEED_ID" ]; then
  say "the volume is filled already"
  exit 0
fi
rm -rf "$scratch"
mkdir -p "$scratch"
find "$data" -mindepth 1 -maxdepth 1 ! -name lost+found -exec rm -rf {} +
[ "$(id -u)" != 0 ] || chown mysql "$data" "$scratch"

say "makes a server to copy with"
mysqld "$@" --user=mysql --initialize-insecure --datadir="$scratch/data"
start "$scratch/data" root '' "$@"
copied=''
for donor in $DONORS; do
  say "copies from $donor"
  rm -rf "$data/seed"
  copy="SET GLOBAL clone_valid_donor_list = $(literal "$donor:3306");
    CLONE INSTANCE FROM $(literal "$SEED_USER")@$(literal "$donor"):3306
    IDENTIFIED BY $(literal "$SEED_PASSWORD")
    DATA DIRECTORY = $(literal "$data/seed") REQUIRE SSL;"
  if sql root '' "$copy"; then
    copied=$donor
    break
  fi
done
[ -n "$copied" ] || die "nobody could be copied from: $DONORS"
sql root '' 'SHUTDOWN'
await_end
rm -rf "$scratch/data"
find "$data/seed" -mindepth 1 -maxdepth 1 -exec mv -t "$data" {} +
rmdir "$data/seed"

# What a semi-synchronous replica was told of its source, and has received of it, is not all copied.
forget=''
[ -n "${GROUP_NAME-}" ] || forget='RESET REPLICA ALL;'
say "opens the copy, and shuts it down slowly"
start "$data" "$MYSQL_ROOT_USERNAME" "$MYSQL_ROOT_PASSWORD" "$@" --super-read-only=ON
sql "$MYSQL_ROOT_USERNAME" "$MYSQL_ROOT_PASSWORD" \
  "SELECT 'has the transactions', @@GLOBAL.gtid_executed; $forget
   SET PERSIST_ONLY super_read_only = ON; SET GLOBAL innodb_fast_shutdown = 0; SHUTDOWN"
await_end
printf '%s\n' "$SEED_ID" > "$mark"
sync
say "the volume is filled from $copied"
)sh";

}  // namespace ratchet::k8s
