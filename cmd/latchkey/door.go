package main

import (
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/latchkey-auth/latchkey/internal/certificate"
	"github.com/latchkey-auth/latchkey/internal/httpapi"
)

// The limits of the HTTP server: slow clients are disconnected, large headers are rejected.
const (
	readHeaderTimeout = 2 * time.Second
	readTimeout       = 10 * time.Second
	writeTimeout      = 15 * time.Second
	idleTimeout       = time.Minute
	shutdownTimeout   = 20 * time.Second
	maxHeaderBytes    = 16<<10 - 4<<10 // net/http adds 4 KiB
	maxStreams        = 100            // per HTTP/2 connection
)

// door is the HTTP server. It opens either with the service, or before it, while the database is away.
type door struct {
	listener net.Listener
	log      *slog.Logger
	server   *http.Server // nil until it opens
	failed   chan error   // the result of Serve
	handler  atomic.Pointer[http.Handler]

	certificate *certificate.Files // nil: plain HTTP
	issuer      string
}

// openStarting responds to every request that the service is starting. Calling it again does nothing.
func (d *door) openStarting() {
	if d.server == nil {
		d.serve(httpapi.Starting(d.log))
	}
}

// open lets requests through to the service.
func (d *door) open(service *components) error {
	handler, err := service.server.Handler()
	if err != nil {
		return err
	}
	service.mailer.serveInbox(handler, service.server.Site)
	d.serve(handler)
	return nil
}

// close closes the server and its connections, if it is open.
func (d *door) close() {
	if d.server != nil {
		_ = d.server.Close()
	}
}

// serve starts the server, or replaces the handler of a server that has started.
func (d *door) serve(handler http.Handler) {
	d.handler.Store(&handler)
	if d.server != nil {
		return
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	d.server = &http.Server{
		Handler: d, Protocols: &protocols, HTTP2: &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(d.log.Handler(), slog.LevelDebug),
	}
	if d.certificate != nil {
		useTLS(d.server, d.certificate, d.issuer)
	}
	d.failed = make(chan error, 1)
	go func() { d.failed <- serveOn(d.server, d.listener) }()
}

// ServeHTTP implements http.Handler.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) { (*d.handler.Load()).ServeHTTP(w, r) }
