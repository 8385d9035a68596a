package hook

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/outbox"
)

// resolver resolves every name to its current addresses.
type resolver struct{ addresses []netip.Addr }

func (r *resolver) set(texts ...string) {
	r.addresses = nil
	for _, text := range texts {
		r.addresses = append(r.addresses, netip.MustParseAddr(text))
	}
}

func (r *resolver) lookup(context.Context, string) ([]netip.Addr, error) { return r.addresses, nil }

// inside are hosts that lead to this machine or into a private network.
var inside = []string{
	"169.254.169.254", "[fd00:ec2::254]", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "0.0.0.0", "[::]", "255.255.255.255",
	"224.0.0.1", "198.18.0.1", "192.0.2.1", "[fe80::1]", "[fe80::1%25eth0]", "[fc00::1]", "[ff02::1]", "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]",
	"[64:ff9b::a9fe:a9fe]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2001:0:a00:1::]", "[::7f00:1]",
	"2130706433", "0x7f000001", "017700000001", "127.1", "0177.0.0.1", "0x7f.0.0.1", "127.0.0.1.", "10.0.0.010", "2852039166",
}

func TestWebhookPointsInside(t *testing.T) {
	t.Parallel()
	for _, host := range inside {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, Options{})
			for _, scheme := range []string{"https://", "http://"} {
				_, _, err := f.Create(t.Context(), scheme+host+"/latest/meta-data", nil)
				require.ErrorIs(t, err, fault.Errorf(fault.InvalidRequest, ""))
			}
			require.Empty(t, f.store.hooks)
		})
	}
}

// A name is refused at registration if any of its addresses is inside.
func TestWebhookNamePointsInside(t *testing.T) {
	t.Parallel()
	for name, addresses := range map[string][]string{
		"private": {"10.1.2.3"}, "loopback": {"127.0.0.1"}, "IPv6 loopback": {"::1"}, "mapped": {"::ffff:127.0.0.1"},
		"public and private": {"8.8.8.8", "10.1.2.3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var r resolver
			r.set(addresses...)
			f := newFixture(t, Options{Lookup: r.lookup})
			_, _, err := f.Create(t.Context(), "https://hook.example.com/", nil)
			require.ErrorContains(t, err, "is not a public address")
		})
	}
}

// Networks of one's own can be allowed.
func TestWebhookNetworks(t *testing.T) {
	t.Parallel()
	f := newFixture(t, Options{Networks: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}})
	for host, valid := range map[string]bool{"10.1.2.3": true, "[::ffff:10.1.2.3]": true, "10.2.0.1": false, "[::ffff:127.0.0.1]": true, "127.0.0.1": true} {
		_, _, err := f.Create(t.Context(), "https://"+host+"/", nil)
		require.Equal(t, valid, err == nil, "%s: %v", host, err)
	}
}

// A name that was public at registration and is inside at delivery is not called: DNS rebinding.
func TestWebhookRebinding(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "169.254.169.254"} {
		t.Run(address, func(t *testing.T) {
			t.Parallel()
			called := make(chan struct{}, 1)
			target := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called <- struct{}{} }))
			t.Cleanup(target.Close)
			to, err := url.Parse(target.URL)
			require.NoError(t, err)
			var r resolver
			r.set("8.8.8.8")
			f := newFixture(t, Options{Lookup: r.lookup, Timeout: 5 * time.Second})
			h, _ := f.create(t, "https://rebind.example.com:"+to.Port()+"/")
			r.set(address)
			f.emit(t, audit.UserSignedIn)
			f.run(t)
			f.clock.Advance(outbox.Backoff(1))
			f.run(t)
			require.Empty(t, called)
			d := f.deliveries(t, h)
			require.Len(t, d, 1)
			require.Equal(t, Retrying, d[0].Status)
			require.Contains(t, d[0].Error, "not a public address")
		})
	}
}

// localhost may only be loopback, whatever a hosts file says.
func TestWebhookLocalhostStaysHere(t *testing.T) {
	t.Parallel()
	var r resolver
	r.set("10.1.2.3")
	f := newFixture(t, Options{Lookup: r.lookup})
	_, _, err := f.Create(t.Context(), "http://localhost:9/", nil)
	require.Error(t, err)
	r.set("127.0.0.1")
	h, _ := f.create(t, "http://localhost:9/")
	r.set("10.1.2.3")
	f.emit(t, audit.UserSignedIn)
	f.run(t)
	require.Contains(t, f.deliveries(t, h)[0].Error, "not a public address")
}

// A URL that is accepted has a host that requests may go to, and parses the same again.
func FuzzWebhookURL(f *testing.F) {
	for _, host := range append([]string{"example.com", "localhost:1", "127.0.0.1", "[::1]:8080", "8.8.8.8", "a.0x", "ex%41mple.com", "a@b", "1.2.3.4.5"}, inside...) {
		f.Add("https://" + host + "/hook?key=1")
		f.Add("http://" + host)
	}
	f.Add("https:\\\\127.0.0.1\\")
	f.Add("https://example.com#@10.0.0.1/")
	r := reach{lookup: func(context.Context, string) ([]netip.Addr, error) { return nil, nil }}
	f.Fuzz(func(t *testing.T, text string) {
		err := checkURL(text)
		if err == nil {
			err = r.check(t.Context(), hostname(text))
		}
		if err != nil {
			require.ErrorIs(t, err, fault.Errorf(fault.InvalidRequest, ""))
			return
		}
		u, err := url.Parse(text)
		require.NoError(t, err)
		again, err := url.Parse(u.String())
		require.NoError(t, err)
		require.Equal(t, u.Host, again.Host)
		if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
			require.True(t, public(ip) || ip.Unmap().IsLoopback(), text)
		}
		require.False(t, u.Scheme == "http" && !strings.Contains(text, "localhost") && public(netip.MustParseAddr(u.Hostname())), text)
	})
}
