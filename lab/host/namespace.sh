#!/bin/sh
# First process of the lab's namespaces: gives them a /run and an /etc of their own, starts the lab's process and
# collects the children that others leave behind. Arguments: directory of the lab's etc files, its HOME, directory of
# its site files, then the command; started in the clone. When this ends, the kernel ends everything in the process namespace.
set -eu

etc=$1
home=$2
sites=$3
shift 3

# `ip netns` keeps its names in /run, which on the host belongs to root.
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/netns /run/sshd /run/lock

for name in hosts resolv.conf; do
	# The host's file may be a link into /run, whose target is gone now.
	target=$(readlink -m "/etc/$name")
	case $target in
	/run/* | /var/run/*)
		mkdir -p "$(dirname "$target")"
		: >"$target"
		;;
	esac
	mount --bind "$etc/$name" "$target"
done

# ssh asks the password database for its directory, not HOME.
if [ -e /etc/ssh/ssh_config ]; then
	mount --bind "$etc/ssh_config" /etc/ssh/ssh_config
fi
own=$(getent passwd 0 | cut -d: -f6)
if [ -d "$own/.ssh" ]; then
	mount --bind "$home/.ssh" "$own/.ssh"
fi

for file in "$sites"/Pulumi.*.yaml; do
	mount --bind "$file" "$PWD/${file##*/}"
done

"$@" &
wait $!
