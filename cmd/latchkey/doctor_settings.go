package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/internal/certificate"
	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/password"
)

// checkSettings checks what the service checks before it starts, and what it accepts but is unwise. The
// text of an invalid setting says how to mend it.
func (d *doctor) checkSettings() {
	err := d.settings.Resolve()
	d.valid = err == nil
	if err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			d.fail("settings", "", "%s", line)
		}
	} else {
		d.ok("settings", "valid")
	}
	if d.settings.Issuer == "" && d.settings.Dev {
		d.settings.Issuer = cmp.Or(config.StoredDevIssuer(d.settings.DataDir), loopbackURL(d.settings.Listen, d.settings.TLS()))
	}
	d.useStoredDevSecret()
	s := d.settings
	if s.Dev {
		d.warn("settings", "leave LATCHKEY_DEV unset", "this is development mode, in which anyone on this machine is an administrator")
		return
	}
	if s.DemoRoutes {
		d.warn("settings", "leave LATCHKEY_DEMO_ROUTES unset", "the example operations are served")
	}
	if s.Insecure {
		d.warn("settings", "add sslmode=verify-full to LATCHKEY_DATABASE_URL and leave LATCHKEY_DATABASE_INSECURE unset",
			"the connection to the database may be unencrypted")
	}
	if s.BehindTLSProxy && len(s.TrustedProxies) == 0 {
		d.warn("settings", "set LATCHKEY_TRUSTED_PROXIES to the network of the proxy",
			"all clients have the address of the proxy, and share one rate limit")
	}
}

// useStoredDevSecret reads the secret of development mode. It creates none. Outside of development mode it
// must not be in use.
func (d *doctor) useStoredDevSecret() {
	if !config.HasDevSecret(d.settings.DataDir) {
		return
	}
	secret, err := config.StoredDevSecret(d.settings.DataDir)
	switch {
	case err != nil:
		d.fail("files", "", "%v", err)
	case d.settings.Dev && len(d.settings.Secrets) == 0:
		d.settings.Secrets = [][]byte{secret}
	case !d.settings.Dev && len(d.settings.Secrets) > 0 && bytes.Equal(d.settings.Secrets[0], secret):
		d.fail("settings", "put a new secret before it: openssl rand -base64 32", "LATCHKEY_SECRET is the secret of development mode")
	}
}

// checkFiles checks who may read the files with secrets. The secret file is checked with the settings.
func (d *doctor) checkFiles() {
	s := d.settings
	private := []string{".env", s.TLSKey}
	if path := s.SQLitePath(); path != "" {
		private = append(private, path, path+"-wal")
	}
	before := len(d.findings)
	for _, file := range private {
		info, err := os.Stat(file)
		switch {
		case file == "", errors.Is(err, fs.ErrNotExist):
		case err != nil:
			d.fail("files", "let the user that runs the service read it", "%v", err)
		case info.Mode().Perm()&0o077 != 0:
			d.fail("files", "run chmod 600 "+file, "%s is accessible to other users (mode %04o)", file, info.Mode().Perm())
		}
	}
	if len(d.findings) == before {
		d.ok("files", "files with secrets are private")
	}
	if s.TLS() {
		d.checkCertificate()
	}
}

// expirySoon is when an expiring certificate is a warning.
const expirySoon = 14 * 24 * time.Hour

func (d *doctor) checkCertificate() {
	files, err := certificate.Open(d.settings.TLSCert, d.settings.TLSKey, time.Now, newTextLog(os.Stderr))
	if err != nil {
		d.fail("certificate", "set LATCHKEY_TLS_CERT and LATCHKEY_TLS_KEY to a certificate and its key", "%v", err)
		return
	}
	d.reportExpiry("certificate", files.Expires())
}

func (d *doctor) reportExpiry(check string, at time.Time) {
	const mend = "renew the certificate"
	switch left := time.Until(at); {
	case left <= 0:
		d.fail(check, mend, "the TLS certificate expired at %s", timestamp(at))
	case left < expirySoon:
		d.warn(check, mend, "the TLS certificate expires at %s", timestamp(at))
	default:
		d.ok(check, "the TLS certificate is valid until %s", timestamp(at))
	}
}

// checkDevUsers looks for the users of development mode with their known passwords.
func (d *doctor) checkDevUsers(ctx context.Context) {
	if d.settings.Dev || !d.migrated {
		return
	}
	hasher, err := password.New(password.Options{})
	if err != nil {
		d.fail("users", "", "%v", err)
		return
	}
	before := len(d.findings)
	for _, u := range devUsers {
		known, err := d.db.UserByUsername(ctx, u.name)
		if err != nil || known.PasswordHash == "" {
			continue
		}
		if ok, _, err := hasher.Verify(ctx, known.PasswordHash, devPassword(u.name)); err == nil && ok {
			d.fail("users", "latchkey user delete "+u.name+", or set another password", "%s has the password of development mode, which everybody knows", u.name)
		}
	}
	if len(d.findings) == before {
		d.ok("users", "no user has a password of development mode")
	}
}
