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

	"github.com/latchkey-auth/latchkey/internal/account"
)

//go:embed page.html
var pageSource string

//go:embed page.css
var pageStyle string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"style": func() template.CSS { return template.CSS(pageStyle) }, //nolint:gosec // it is our own file
}).Parse(pageSource))

// pagePolicy allows the page's one style, by its hash, and nothing else.
var pagePolicy = func() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
}()

// letterPolicy is for a letter's own HTML: it may look as it likes, and do nothing.
const letterPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox"

// InboxPage shows an inbox: GET PATH is the list, PATH/ID a letter, PATH/ID/html its HTML.
func InboxPage(inbox *Inbox, path string, log *slog.Logger) http.Handler {
	p := &inboxPage{inbox, path, log}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+path, p.list)
	mux.HandleFunc("GET "+path+"/{id}", p.letter)
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
	p.show(w, r, "list", map[string]any{"Path": p.path, "Letters": all})
}

func (p *inboxPage) letter(w http.ResponseWriter, r *http.Request) {
	m, err := p.inbox.Read(r.Context(), r.PathValue("id"))
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.show(w, r, "letter", map[string]any{"Path": p.path, "Letter": m, "Text": pieces(m.Text)})
}

func (p *inboxPage) html(w http.ResponseWriter, r *http.Request) {
	m, err := p.inbox.Read(r.Context(), r.PathValue("id"))
	if err != nil {
		p.fail(w, r, err)
		return
	}
	write(w, letterPolicy, []byte(m.HTML))
}

func (p *inboxPage) show(w http.ResponseWriter, r *http.Request, name string, data any) {
	var text bytes.Buffer
	if err := page.ExecuteTemplate(&text, name, data); err != nil {
		p.fail(w, r, err)
		return
	}
	write(w, pagePolicy, text.Bytes())
}

func write(w http.ResponseWriter, policy string, html []byte) {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", policy)
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(html) // the reader may have gone
}

func (p *inboxPage) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, account.ErrNotFound) {
		http.NotFound(w, r)
		return
	}
	p.log.ErrorContext(r.Context(), "the inbox cannot be shown", "error", err)
	http.Error(w, "the inbox cannot be read; the log says why", http.StatusInternalServerError)
}

// piece is a part of a letter's text, which is a link or not.
type piece struct {
	Text string
	Link bool
}

var address = regexp.MustCompile(`https?://[^\s<>"]+`)

// pieces splits a text at its links.
func pieces(text string) []piece {
	var all []piece
	end := 0
	for _, at := range address.FindAllStringIndex(text, -1) {
		all = append(all, piece{Text: text[end:at[0]]}, piece{Text: text[at[0]:at[1]], Link: true})
		end = at[1]
	}
	return append(all, piece{Text: text[end:]})
}
