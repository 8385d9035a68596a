package mail

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	texttemplate "text/template"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
)

//go:embed templates
var builtin embed.FS

// kinds are all letters that there are. Each has a template KIND.txt and a template KIND.html.
var kinds = []account.LetterKind{
	account.LetterVerify, account.LetterReset, account.LetterInvite, account.LetterPassword, account.LetterAddress,
}

// subjectLine begins the first line of a text template.
const subjectLine = "Subject: "

// Application is what letters say about the service.
type Application struct {
	Name      string // as users know it
	VerifyURL string // the page that confirms an address; the token follows behind a #
	ResetURL  string // the page that sets a password
}

// Letter is what a template may use. The name is what the user made up at sign-up, for whichever
// address: the built-in letters leave it out, so that nobody's words reach a stranger through us.
type Letter struct {
	Application string
	Username    string
	Name        string
	Link        string    // empty where there is nothing to click
	Expires     time.Time // when the link stops working; UTC
}

// Templates write letters.
type Templates struct {
	application Application
	text        map[account.LetterKind]document
	html        map[account.LetterKind]document
}

// document is what text and HTML templates have in common.
type document interface {
	Execute(w io.Writer, data any) error
}

// LoadTemplates parses all templates: those of a folder, and the built-in ones for what is not in
// it. Without a folder all are the built-in ones. Every fault is reported, with file and line.
func LoadTemplates(folder string, application Application) (*Templates, error) {
	t := &Templates{application, map[account.LetterKind]document{}, map[account.LetterKind]document{}}
	faults := []error{checkFolder(folder)}
	for _, kind := range kinds {
		text, err := loadText(folder, string(kind)+".txt")
		faults = append(faults, err)
		html, err := loadHTML(folder, string(kind)+".html")
		faults = append(faults, err)
		t.text[kind], t.html[kind] = text, html
	}
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("mail templates: %w", err)
	}
	return t, nil
}

// checkFolder refuses a template that no letter has: under a misspelt name it would be left out in
// silence.
func checkFolder(folder string) error {
	if folder == "" {
		return nil
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	var faults []error
	for _, entry := range entries {
		name := entry.Name()
		extension := path.Ext(name)
		known := slices.Contains(kinds, account.LetterKind(strings.TrimSuffix(name, extension)))
		if (extension == ".txt" || extension == ".html") && !known {
			faults = append(faults, fmt.Errorf("%s: there is no such letter; there are %v", filepath.Join(folder, name), kinds))
		}
	}
	return errors.Join(faults...)
}

// read gives a template's source and the name to report its faults under.
func read(folder, file string) (name, source string, err error) {
	if folder != "" {
		name = filepath.Join(folder, file)
		own, err := os.ReadFile(name) //nolint:gosec // the operator names the folder
		if !errors.Is(err, fs.ErrNotExist) {
			return name, string(own), err
		}
	}
	given, err := builtin.ReadFile("templates/" + file)
	return file, string(given), err
}

func loadText(folder, file string) (document, error) {
	name, source, err := read(folder, file)
	if err != nil {
		return nil, err
	}
	if first, _, _ := strings.Cut(source, "\n"); !strings.HasPrefix(first, subjectLine) {
		return nil, fmt.Errorf("%s:1: the first line is not %q and the subject", name, subjectLine)
	}
	t, err := texttemplate.New(name).Parse(source)
	if err != nil {
		return nil, err
	}
	return t, try(t)
}

func loadHTML(folder, file string) (document, error) {
	name, source, err := read(folder, file)
	if err != nil {
		return nil, err
	}
	t, err := htmltemplate.New(name).Parse(source)
	if err != nil {
		return nil, err
	}
	return t, try(t)
}

// try finds what parsing does not: a field that no letter has, or HTML in which no value is safe.
func try(t document) error {
	return t.Execute(io.Discard, Letter{
		Application: "Latchkey", Username: "alice", Name: "Alice", Link: "https://example.com/#token=et_", Expires: time.Unix(0, 0).UTC(),
	})
}

// Render writes a letter. Its ID and date are left to whoever sends it.
func (t *Templates) Render(d account.Delivery) (Message, error) {
	text, html := t.text[d.Kind], t.html[d.Kind]
	if text == nil {
		return Message{}, fmt.Errorf("there is no letter %q", d.Kind)
	}
	data := Letter{
		Application: t.application.Name, Username: d.Username, Name: d.Name,
		Link: t.link(d), Expires: d.Expires.UTC(),
	}
	var plain, rich bytes.Buffer
	if err := errors.Join(text.Execute(&plain, data), html.Execute(&rich, data)); err != nil {
		return Message{}, err
	}
	subject, body, _ := strings.Cut(plain.String(), "\n")
	return Message{
		To: d.To, Subject: strings.TrimSpace(strings.TrimPrefix(subject, subjectLine)),
		Text: strings.TrimLeft(body, "\r\n"), HTML: rich.String(),
	}, nil
}

// link is the page of a letter with its token. A token is base64url behind a prefix: it needs no
// escaping in a fragment (RFC 3986 §3.5).
func (t *Templates) link(d account.Delivery) string {
	switch {
	case d.Token == "":
		return ""
	case d.Kind == account.LetterVerify:
		return t.application.VerifyURL + "#token=" + d.Token
	default:
		return t.application.ResetURL + "#token=" + d.Token
	}
}
