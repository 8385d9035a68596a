package mail

import (
	"errors"
	"net/textproto"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Check does what Send does before the message, and sends nothing.
func TestCheck(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		server serverOptions
		change func(*SMTPOptions)
		want   string // part of the error; empty: none
	}{
		"signs in":                {server: serverOptions{tls: true, auth: true}},
		"without TLS on loopback": {},
		"wrong password":          {server: serverOptions{tls: true, auth: true}, change: func(o *SMTPOptions) { o.Password = "canary" }, want: "535"},
		"no STARTTLS":             {change: func(o *SMTPOptions) { o.TLS = StartTLS }, want: "STARTTLS"},
		"unknown authority":       {server: serverOptions{tls: true}, change: func(o *SMTPOptions) { o.Roots = nil }, want: "certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t, c.server)
			o := server.options()
			if c.change != nil {
				c.change(&o)
			}
			err := newSender(t, o).Check(t.Context())
			require.Empty(t, server.messages())
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "canary")
			var reply *textproto.Error
			require.Equal(t, c.want == "535", errors.As(err, &reply), "an error of authentication is one of the protocol: %v", err)
		})
	}
}

func TestCheckTimesOut(t *testing.T) {
	t.Parallel()
	server := startServer(t, serverOptions{})
	server.setBehavior(behavior{hang: true})
	o := server.options()
	o.Timeout = 50 * time.Millisecond
	require.Error(t, newSender(t, o).Check(t.Context()))
}
