package mail

import (
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

// kinds are all kinds of email. Each has a template KIND.txt and a template KIND.html.
var kinds = []account.MessageKind{
	account.MessageVerify, account.MessageReset, account.MessageInvite, account.MessagePasswordChanged, account.MessageAddressChanged,
}

// subjectPrefix starts the first line of a text template.
const subjectPrefix = "Subject: "

// Templates render emails.
type Templates struct {
	application Application
	text        map[account.MessageKind]executor
	html        map[account.MessageKind]executor
}

// executor is what text and HTML templates have in common.
type executor interface {
	Execute(w io.Writer, data any) error
}

// LoadTemplates parses the templates in a folder, and the built-in template for each one that is
// missing there. If folder is empty, all are built in. It reports every error with file and line.
func LoadTemplates(folder string, application Application) (*Templates, error) {
	t := &Templates{application, map[account.MessageKind]executor{}, map[account.MessageKind]executor{}}
	unknown, err := unknownFiles(folder)
	if err != nil {
		return nil, fmt.Errorf("LATCHKEY_MAIL_TEMPLATES: %w", err)
	}
	errs := []error{unknown}
	for _, kind := range kinds {
		text, err := loadText(folder, string(kind)+".txt")
		errs = append(errs, err)
		html, err := loadHTML(folder, string(kind)+".html")
		errs = append(errs, err)
		t.text[kind], t.html[kind] = text, html
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("LATCHKEY_MAIL_TEMPLATES: %w", err)
	}
	return t, nil
}

// unknownFiles returns an error for templates of no known kind, or nil. A template with a misspelled name would
// otherwise be ignored without a warning. err means that the folder cannot be read.
func unknownFiles(folder string) (unknown, err error) {
	if folder == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, entry := range entries {
		name := entry.Name()
		extension := path.Ext(name)
		known := slices.Contains(kinds, account.MessageKind(strings.TrimSuffix(name, extension)))
		if (extension == ".txt" || extension == ".html") && !known {
			errs = append(errs, fmt.Errorf("%s: unknown kind of email; the kinds are %v", filepath.Join(folder, name), kinds))
		}
	}
	return errors.Join(errs...), nil
}

// readSource returns the source of a template, and the name to use for it in errors.
func readSource(folder, file string) (name, source string, err error) {
	if folder != "" {
		name = filepath.Join(folder, file)
		custom, err := os.ReadFile(name) //nolint:gosec // the operator names the folder
		if !errors.Is(err, fs.ErrNotExist) {
			return name, string(custom), err
		}
	}
	text, err := builtin.ReadFile("templates/" + file)
	return file, string(text), err
}

func loadText(folder, file string) (executor, error) {
	name, source, err := readSource(folder, file)
	if err != nil {
		return nil, err
	}
	if first, _, _ := strings.Cut(source, "\n"); !strings.HasPrefix(first, subjectPrefix) {
		return nil, fmt.Errorf("%s:1: the first line must be %q followed by the subject", name, subjectPrefix)
	}
	t, err := texttemplate.New(name).Parse(source)
	if err != nil {
		return nil, err
	}
	return t, tryOut(t)
}

func loadHTML(folder, file string) (executor, error) {
	name, source, err := readSource(folder, file)
	if err != nil {
		return nil, err
	}
	t, err := htmltemplate.New(name).Parse(source)
	if err != nil {
		return nil, err
	}
	return t, tryOut(t)
}

// tryOut executes a template to find errors that parsing does not report: unknown fields, and HTML
// into which no value can be inserted safely.
func tryOut(t executor) error {
	return t.Execute(io.Discard, TemplateData{
		Application: "Latchkey", Username: "alice", Name: "Alice", Link: "https://example.com/#token=et_", Expires: time.Unix(0, 0).UTC(),
	})
}
