#!/bin/sh
# What Dragonfly's image has for probes (dragonfly, tools/docker/healthcheck.sh), by the lab's own client.
redis-cli -p "${HEALTHCHECK_PORT:-6379}" ping | grep -q PONG
