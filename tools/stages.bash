# Sourced by tools/test, tools/prove and .ci/run.
#   stage NAME COMMAND…  runs the command and notes in the table how long it took
#   stage_table          prints the table
# RATCHET_STAGE_TIMES names the table's file, so that one table spans several commands.

if [ -z "${RATCHET_STAGE_TIMES:-}" ]; then
  RATCHET_STAGE_TIMES=$(mktemp)
  trap 'rm -f "$RATCHET_STAGE_TIMES"' EXIT
fi

stage() {
  local name=$1 begin=$SECONDS
  shift
  printf '\n== %s\n' "$name"
  "$@"
  printf '%-32s %5d s\n' "$name" $((SECONDS - begin)) >> "$RATCHET_STAGE_TIMES"
}

stage_table() {
  printf '\n== time of each stage\n'
  cat "$RATCHET_STAGE_TIMES"
  awk '{ sum += $(NF - 1) } END { printf "%-32s %5d s\n", "all", sum }' "$RATCHET_STAGE_TIMES"
}
