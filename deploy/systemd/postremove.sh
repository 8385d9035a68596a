#!/bin/sh
# Runs after a package is removed: systemd forgets the unit.
set -eu
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
fi
