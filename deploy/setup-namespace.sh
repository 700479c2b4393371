#!/bin/sh
# Creates the namespace and the search attributes of loops. Running it again changes nothing.
# Settings come from TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE.
set -eu

attempts=30
until temporal operator cluster health; do
  attempts=$((attempts - 1))
  if [ "$attempts" -eq 0 ]; then
    echo "The Temporal server at $TEMPORAL_ADDRESS does not become healthy; see its log: docker compose logs temporal" >&2
    exit 1
  fi
  sleep 2
done

# Closed loops stay in the Temporal UI for 90 days; their files stay for good.
if ! temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 90d
fi

# The same list as loop/search-attributes.ts; a test compares them. Attributes that exist are left alone.
attempts=30
until temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" \
  --name LoopPhase --type Keyword \
  --name LoopRound --type Int \
  --name LoopMetric --type Double \
  --name LoopTarget --type Double \
  --name LoopNeedsHuman --type Bool \
  --name LoopOutcome --type Keyword; do
  # A namespace made a moment ago is not known everywhere yet.
  attempts=$((attempts - 1))
  if [ "$attempts" -eq 0 ]; then
    echo 'The search attributes cannot be created; the last error is above.' >&2
    exit 1
  fi
  sleep 2
done
echo "Namespace $TEMPORAL_NAMESPACE is ready."
