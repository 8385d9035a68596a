package web

import (
	"bytes"
	"cmp"
	_ "embed"
	"html/template"
	"net/http"
	"strconv"
	"strings"
)

//go:embed page.html
var pageSource string

var pageTemplate = template.Must(template.New("page").Parse(pageSource))

// Page is an HTML document that loads a script.
type Page struct {
	// Name selects the script, NAME/main.js, and the texts.
	Name string
	// Status is the HTTP status; zero: 200.
	Status int
	// Data are what the script reads from document.documentElement.dataset.
	Data map[string]string
	// Language is the only language that the page has texts in; empty: that of the user.
	Language string
	// Frames allows frames with documents of this service.
	Frames bool
}

// languageCookie is where the language menu of a page stores the choice.
const languageCookie = "latchkey_language"

// document is what page.html shows.
type document struct {
	Root      string // relative URL of the path prefix under which this service is
	Files     string // relative URL of the files
	Page      string
	Language  string
	Languages string
	Title     string
	Brand     string
	Icon      string // URL
	NoScript  string
	Modules   []string
	Texts     string
	Style     string // URL of the style sheet of the page alone; empty: none
	Data      []template.HTMLAttr
}

// Serve writes a page in the language of the user. All its URLs are relative, so that a proxy may serve
// this service under a path prefix.
func (s *Site) Serve(w http.ResponseWriter, r *http.Request, p Page) error {
	language := cmp.Or(p.Language, s.language(r))
	root := "./" + strings.Repeat("../", strings.Count(r.URL.Path, "/")-1)
	files := root + strings.TrimPrefix(Prefix, "/") + s.hash + "/"
	d := document{
		Root: root, Files: files, Page: p.Name, Language: language, Languages: strings.Join(s.languages, " "),
		Title: s.texts.text(language, p.Name, "title"), Brand: s.brand.name, Icon: files + s.icon(), Modules: s.modules[p.Name],
		NoScript: s.texts.text(language, common, "noscript"), Texts: files + textsName(language, p.Name),
	}
	if style := p.Name + "/page.css"; s.assets[style] != nil {
		d.Style = files + style
	}
	for name, value := range p.Data {
		escaped := template.HTMLEscapeString(value)
		d.Data = append(d.Data, template.HTMLAttr("data-"+name+`="`+escaped+`"`)) //nolint:gosec // escaped, and the names are ours
	}
	var text bytes.Buffer
	if err := pageTemplate.Execute(&text, d); err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Security-Policy", Policy(p.Frames))
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cache-Control", "private, no-cache")
	header.Add("Vary", "Accept-Language, Cookie")
	document := newAsset("page.html", text.Bytes())
	document.mediaType = "text/html; charset=utf-8"
	if p.Status != 0 && p.Status != http.StatusOK {
		header.Set("Content-Type", document.mediaType)
		header.Set("Content-Length", strconv.Itoa(text.Len()))
		w.WriteHeader(p.Status)
		_, _ = w.Write(text.Bytes()) // fails only if the client has disconnected
		return nil
	}
	document.serve(w, r)
	return nil
}

// language returns the language of a request: the one chosen before, else the first of the browser's
// that there are texts for (RFC 9110 §12.5.4, in the order in which browsers send them).
func (s *Site) language(r *http.Request) string {
	wanted := strings.Split(r.Header.Get("Accept-Language"), ",")
	if cookie, err := r.Cookie(languageCookie); err == nil {
		wanted = append([]string{cookie.Value}, wanted...)
	}
	for _, tag := range wanted {
		tag, _, _ = strings.Cut(strings.TrimSpace(tag), ";")
		primary, _, _ := strings.Cut(tag, "-")
		for _, language := range []string{tag, primary} {
			if _, found := s.texts[strings.ToLower(language)]; found {
				return strings.ToLower(language)
			}
		}
	}
	return fallback
}
