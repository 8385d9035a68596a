#!/bin/sh
# Runs before a package is removed or upgraded. A removal stops the service; dpkg says "remove", and rpm
# says how many versions stay. Nothing deletes the secret, the user or the data.
set -eu
case "${1:-}" in
remove | 0)
	if [ -d /run/systemd/system ]; then
		systemctl disable --now latchkey
	fi
	;;
esac
