package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

type healthcheckCommand struct {
	Listen  string `env:"LATCHKEY_LISTEN" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Address that the service listens on. Default: ${default}."`
	TLSCert string `name:"tls-cert" env:"LATCHKEY_TLS_CERT" placeholder:"FILE" help:"Set if the service speaks TLS itself."`
}

func (healthcheckCommand) Help() string {
	return "Container engines run this command.\n\n" + examples("latchkey healthcheck && echo healthy")
}

const healthcheckTimeout = 3 * time.Second

// Run requests /healthz from the service on this machine.
func (c *healthcheckCommand) Run(ctx context.Context) error {
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return settingsError{err}
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	ctx, cancel := context.WithTimeout(ctx, healthcheckTimeout)
	defer cancel()
	scheme, client := "http://", http.DefaultClient
	if c.TLSCert != "" {
		scheme, client = "https://", localTLSClient()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+net.JoinHostPort(host, port)+"/healthz", nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("%w; set LATCHKEY_LISTEN to the address that the service listens on", err)
	}
	if response.StatusCode != http.StatusOK {
		err = errors.New("the service responded with " + response.Status)
	}
	return errors.Join(err, response.Body.Close())
}

// localTLSClient accepts the certificate of the service, which is for its public name and not for this
// machine's.
func localTLSClient() *http.Client {
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}, //nolint:gosec // sends nothing secret
	}}
}
