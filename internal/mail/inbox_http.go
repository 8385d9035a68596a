package mail

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

// messagePolicy is the Content-Security-Policy of a message's own HTML: inline styles and nothing else,
// and only this service may show it in a frame. A link in it opens another tab.
const messagePolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'; " +
	"sandbox allow-popups allow-popups-to-escape-sandbox"

// inboxList is what the page shows of all messages.
type inboxList struct {
	Version string        `json:"version"`
	Items   []inboxHeader `json:"items"`
}

type inboxHeader struct {
	ID      string    `json:"id"`
	To      string    `json:"to"`
	Date    time.Time `json:"date"`
	Subject string    `json:"subject"`
}

// InboxAPI returns the handler that the page of an inbox calls. Under path are:
//
//   - GET: the messages without their content, newest first, and their version. With ?since=VERSION, 204 if
//     nothing has changed.
//   - DELETE: delete all messages
//   - GET /ID: a message
//   - GET /ID/html: its HTML, for a frame
func InboxAPI(inbox *Inbox, path string, log *slog.Logger) http.Handler {
	a := &inboxAPI{inbox, log}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+path, a.list)
	mux.HandleFunc("DELETE "+path, a.clear)
	mux.HandleFunc("GET "+path+"/{id}", a.message)
	mux.HandleFunc("GET "+path+"/{id}/html", a.html)
	return http.NewCrossOriginProtection().Handler(mux)
}

type inboxAPI struct {
	inbox *Inbox
	log   *slog.Logger
}

func (a *inboxAPI) list(w http.ResponseWriter, r *http.Request) {
	version, err := a.inbox.Version(r.Context())
	if err != nil {
		a.fail(w, r, err)
		return
	}
	if r.URL.Query().Get("since") == version {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	all, err := a.inbox.List(r.Context())
	if err != nil {
		a.fail(w, r, err)
		return
	}
	list := inboxList{Version: version, Items: make([]inboxHeader, len(all))}
	for i, m := range all {
		list.Items[i] = inboxHeader{m.ID, m.To, m.Date, m.Subject}
	}
	writeJSON(w, list)
}

func (a *inboxAPI) clear(w http.ResponseWriter, r *http.Request) {
	if err := a.inbox.Clear(r.Context()); err != nil {
		a.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (a *inboxAPI) message(w http.ResponseWriter, r *http.Request) {
	m, err := a.inbox.Read(r.Context(), r.PathValue("id"))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	writeJSON(w, m)
}

func (a *inboxAPI) html(w http.ResponseWriter, r *http.Request) {
	m, err := a.inbox.Read(r.Context(), r.PathValue("id"))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", messagePolicy)
	noStore(header)
	_, _ = w.Write([]byte(`<base target="_blank">` + m.HTML)) // fails only if the client has disconnected
}

// noStore keeps one-time tokens out of caches and Referer headers.
func noStore(header http.Header) {
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
}

func writeJSON(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	noStore(w.Header())
	_ = json.NewEncoder(w).Encode(body) // fails only if the client has disconnected
}

func (a *inboxAPI) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, fault.ErrNotFound) {
		http.NotFound(w, r)
		return
	}
	a.log.ErrorContext(r.Context(), "failed to read the inbox", "error", err)
	http.Error(w, "The inbox cannot be read. See the log for the reason.", http.StatusInternalServerError)
}
