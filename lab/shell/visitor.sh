#!/bin/sh
# Runs a command as a client on the internet sees it: own names, own resolver. Arguments: directory of the lab's
# etc files, then the command; started by `ip netns exec`, which gives it a mount namespace of its own.
set -eu

etc=$1
shift
for name in hosts resolv.conf; do
	mount --bind "$etc/visitor-$name" "$(readlink -m "/etc/$name")"
done
exec "$@"
