package mail

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"regexp"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

//go:embed inbox_page.html
var pageSource string

//go:embed inbox_page.css
var pageStyle string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"style": func() template.CSS { return template.CSS(pageStyle) }, //nolint:gosec // it is our own file
}).Parse(pageSource))

// pagePolicy is the Content-Security-Policy of the page. It allows only the page's own style, by
// its hash.
var pagePolicy = func() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
}()

// messagePolicy is the Content-Security-Policy of a message's own HTML. It allows inline styles and
// nothing else.
const messagePolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox"

// InboxPage returns a handler that shows an inbox: GET PATH lists the messages, GET PATH/ID shows
// one, and GET PATH/ID/html returns its HTML.
func InboxPage(inbox *Inbox, path string, log *slog.Logger) http.Handler {
	p := &inboxPage{inbox, path, log}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+path, p.list)
	mux.HandleFunc("GET "+path+"/{id}", p.message)
	mux.HandleFunc("GET "+path+"/{id}/html", p.html)
	return mux
}

type inboxPage struct {
	inbox *Inbox
	path  string
	log   *slog.Logger
}

func (p *inboxPage) list(w http.ResponseWriter, r *http.Request) {
	all, err := p.inbox.List(r.Context())
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.render(w, r, "list", map[string]any{"Path": p.path, "Messages": all})
}

func (p *inboxPage) message(w http.ResponseWriter, r *http.Request) {
	m, err := p.inbox.Read(r.Context(), r.PathValue("id"))
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.render(w, r, "message", map[string]any{"Path": p.path, "Message": m, "Text": splitAtLinks(m.Text)})
}

func (p *inboxPage) html(w http.ResponseWriter, r *http.Request) {
	m, err := p.inbox.Read(r.Context(), r.PathValue("id"))
	if err != nil {
		p.fail(w, r, err)
		return
	}
	writeHTML(w, messagePolicy, []byte(m.HTML))
}

func (p *inboxPage) render(w http.ResponseWriter, r *http.Request, name string, data any) {
	var text bytes.Buffer
	if err := pageTemplate.ExecuteTemplate(&text, name, data); err != nil {
		p.fail(w, r, err)
		return
	}
	writeHTML(w, pagePolicy, text.Bytes())
}

func writeHTML(w http.ResponseWriter, policy string, html []byte) {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", policy)
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(html) // fails only if the client has disconnected
}

func (p *inboxPage) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, fault.ErrNotFound) {
		http.NotFound(w, r)
		return
	}
	p.log.ErrorContext(r.Context(), "failed to read the inbox", "error", err)
	http.Error(w, "The inbox cannot be read. See the log for the reason.", http.StatusInternalServerError)
}

// segment is a part of a message's text: a link, or the text between two links.
type segment struct {
	Text string
	Link bool
}

var linkPattern = regexp.MustCompile(`https?://[^\s<>"]+`)

// splitAtLinks splits a text into its links and the text between them.
func splitAtLinks(text string) []segment {
	var all []segment
	end := 0
	for _, at := range linkPattern.FindAllStringIndex(text, -1) {
		all = append(all, segment{Text: text[end:at[0]]}, segment{Text: text[at[0]:at[1]], Link: true})
		end = at[1]
	}
	return append(all, segment{Text: text[end:]})
}
