package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/loopback"
)

// publicClient does as clients do, except that it follows no redirect: a client would repeat its
// secrets there.
var publicClient = &http.Client{
	Timeout:       examTimeout,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// checkPublic asks the running service through its public URL.
func (d *doctor) checkPublic(ctx context.Context, base string) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "https" && !loopback.Is(u.Host) {
		d.fail("public URL", "give the URL that clients use, for example https://auth.example.com", "%q is not an https URL", base)
		return
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/.well-known/oauth-authorization-server", nil)
	if err != nil {
		d.fail("public URL", "", "%v", err)
		return
	}
	response, err := publicClient.Do(request)
	if err != nil {
		d.fail("public URL", mendPublic(err), "%v", err)
		return
	}
	defer func() { _ = response.Body.Close() }()
	if response.TLS != nil {
		d.reportExpiry("public URL", response.TLS.PeerCertificates[0].NotAfter)
	}
	if d.checkMetadata(base, response) {
		d.checkForwarded(ctx, base, u)
	}
}

func mendPublic(err error) string {
	if isCertificateError(err) {
		return "give the proxy a certificate for this name with all intermediates, from an authority that clients trust"
	}
	return "check DNS, the firewall, and that the proxy and the service run"
}

// checkMetadata compares the issuer that the service announces with the settings and the URL.
func (d *doctor) checkMetadata(base string, response *http.Response) bool {
	var metadata struct {
		Issuer string `json:"issuer"`
	}
	err := json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&metadata)
	switch {
	case response.StatusCode >= 300 && response.StatusCode < 400:
		d.fail("public URL", "let the proxy pass requests to Latchkey, and use the URL that it redirects to", "it redirects to %s", response.Header.Get("Location"))
	case response.StatusCode != http.StatusOK || err != nil || metadata.Issuer == "":
		d.fail("public URL", "let the proxy pass all paths to Latchkey unchanged", "the metadata is not there: status %d", response.StatusCode)
	case metadata.Issuer != base:
		d.fail("public URL", "set LATCHKEY_ISSUER="+base+", or tell clients the other URL", "the service says that its issuer is %s", metadata.Issuer)
	case d.settings.Issuer != base:
		d.fail("public URL", "run the doctor with the settings of the service", "LATCHKEY_ISSUER is %q here, but not for the service", d.settings.Issuer)
	default:
		d.ok("public URL", "the issuer is the same")
		return true
	}
	return false
}

// forged is an address that no client has (RFC 5737).
const forged = "192.0.2.1"

// checkForwarded signs in as nobody with a forged X-Forwarded-For, and reads in the audit log which
// address the service has seen.
func (d *doctor) checkForwarded(ctx context.Context, base string, u *url.URL) {
	if !d.migrated {
		return
	}
	id, err := signInAsNobody(ctx, base)
	if err != nil {
		d.warn("addresses", "try again in a minute", "not checked: %v", err)
		return
	}
	events, err := d.db.Events(ctx, audit.Query{Limit: 100})
	if err != nil {
		d.fail("addresses", mendDatabase, "%v", err)
		return
	}
	for _, e := range events {
		if e.RequestID == id {
			d.reportAddress(e.Address, u)
			return
		}
	}
	d.fail("addresses", "run the doctor with the settings of the service", "the service at %s uses another database", base)
}

func (d *doctor) reportAddress(seen string, u *url.URL) {
	switch {
	case seen == forged:
		d.fail("addresses", "let the proxy add the client's address to X-Forwarded-For, and list only proxies in LATCHKEY_TRUSTED_PROXIES",
			"clients can choose their address, and so evade rate limits")
	case d.isProxy(seen) && !loopback.Is(u.Host):
		d.fail("addresses", "set LATCHKEY_TRUSTED_PROXIES to the network of the proxy, and let it send X-Forwarded-For",
			"the service sees %s, the proxy, instead of the client; all clients share one rate limit", seen)
	default:
		d.ok("addresses", "the service sees this machine as %s", seen)
	}
}

// isProxy reports whether an address is a trusted proxy or this machine.
func (d *doctor) isProxy(address string) bool {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	proxies, _ := d.settings.Proxies() // reported with the settings
	for _, network := range proxies {
		if network.Contains(ip) {
			return true
		}
	}
	return ip.IsLoopback()
}

// signInAsNobody returns the id of the request.
func signInAsNobody(ctx context.Context, base string) (string, error) {
	form := url.Values{"grant_type": {"password"}, "username": {"doctor-" + uuid.NewString()}, "password": {uuid.NewString()}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("X-Forwarded-For", forged)
	response, err := publicClient.Do(request)
	if err != nil {
		return "", err
	}
	_ = response.Body.Close()
	id := response.Header.Get("X-Request-Id")
	if response.StatusCode != http.StatusBadRequest || id == "" {
		return "", errors.New("the sign-in returned " + response.Status)
	}
	return id, nil
}
