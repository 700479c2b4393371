#!/bin/sh
# Creates the namespace and the search attributes of loops. Running it again changes only the retention, if it is another.
# Settings come from TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and DELTALOOP_RETENTION (90d when it is not set).
set -eu

# Closed loops stay in the Temporal UI for so long; their files stay for good.
retention=${DELTALOOP_RETENTION:-90d}

# retry WHAT COMMAND…: up to 30 tries, two seconds apart.
retry() {
  what=$1
  shift
  attempts=30
  until "$@"; do
    attempts=$((attempts - 1))
    if [ "$attempts" -eq 0 ]; then
      echo "$what; the last error is above. The server's own log: docker compose logs temporal" >&2
      exit 1
    fi
    sleep 2
  done
}

retry "The Temporal server at $TEMPORAL_ADDRESS does not become healthy" temporal operator cluster health

if temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
  temporal operator namespace update --namespace "$TEMPORAL_NAMESPACE" --retention "$retention" >/dev/null
else
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$retention"
fi

# The same list as loop/search-attributes.ts; a test compares them. Attributes that exist are left alone.
# Tried again, since a namespace made a moment ago is not known everywhere yet.
retry "The search attributes cannot be created" \
  temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" \
  --name LoopPhase --type Keyword \
  --name LoopRound --type Int \
  --name LoopMetric --type Double \
  --name LoopTarget --type Double \
  --name LoopNeedsHuman --type Bool \
  --name LoopOutcome --type Keyword
echo "Namespace $TEMPORAL_NAMESPACE is ready; closed loops stay for $retention."
