#!/bin/sh
# Runs after a package is installed or upgraded. It creates the user of the service and, the first time, the
# master secret. It never replaces a secret: without it, the stored keys cannot be opened.
set -eu
if ! getent passwd latchkey >/dev/null; then
	useradd --system --user-group --home-dir /var/lib/latchkey --no-create-home --shell /usr/sbin/nologin latchkey
fi
if [ ! -e /etc/latchkey/secret ]; then
	# Under another name first, so that a secret cut short is never kept.
	(umask 077 && head -c 32 /dev/urandom | base64 >/etc/latchkey/secret.new)
	[ "$(wc -c </etc/latchkey/secret.new)" -eq 45 ] || { echo 'no random bytes for the master secret' >&2; exit 1; }
	chown latchkey:latchkey /etc/latchkey/secret.new
	mv /etc/latchkey/secret.new /etc/latchkey/secret
fi
chown latchkey:latchkey /etc/latchkey/.env
chmod 0600 /etc/latchkey/.env
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	# After an upgrade, the new program takes over. A service that does not run is not started.
	systemctl try-restart latchkey || echo 'latchkey did not restart: see journalctl -u latchkey' >&2
fi
if grep -q '^LATCHKEY_ISSUER=$' /etc/latchkey/.env; then
	echo "Set LATCHKEY_ISSUER in /etc/latchkey/.env, then run: systemctl enable --now latchkey"
fi
