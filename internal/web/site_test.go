package web

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/audit"
)

func newSite(t *testing.T, o Options) *Site {
	t.Helper()
	s, err := New(o)
	require.NoError(t, err)
	return s
}

func request(t *testing.T, path string, headers ...string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func asset1(t *testing.T, s *Site, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, request(t, path, headers...))
	return w
}

// Every library file is the one that the manifest names, and the manifest names every file.
func TestVendoredLibraries(t *testing.T) {
	t.Parallel()
	content, err := fs.ReadFile(embedded, "static/vendor/manifest.json")
	require.NoError(t, err)
	var manifest []struct {
		Package, Version, License, Integrity string
		Files                                []struct{ To, SHA256 string }
	}
	require.NoError(t, json.Unmarshal(content, &manifest))
	listed := []string{"manifest.json"}
	for _, library := range manifest {
		require.NotEmpty(t, library.License)
		require.Contains(t, library.Integrity, "sha512-", library.Package)
		for _, file := range library.Files {
			content, err := fs.ReadFile(embedded, "static/vendor/"+file.To)
			require.NoError(t, err)
			sum := sha256.Sum256(content)
			require.Equal(t, file.SHA256, hex.EncodeToString(sum[:]), file.To)
			listed = append(listed, file.To)
		}
	}
	entries, err := fs.ReadDir(embedded, "static/vendor")
	require.NoError(t, err)
	for _, entry := range entries {
		require.Contains(t, listed, entry.Name())
	}
}

// A URL with the current hash may be kept for good; another one gets the file, uncached.
func TestAssets(t *testing.T) {
	t.Parallel()
	s := newSite(t, Options{})
	current := asset1(t, s, "/web/"+s.hash+"/ui.js")
	require.Equal(t, http.StatusOK, current.Code)
	require.Equal(t, "public, max-age=31536000, immutable", current.Header().Get("Cache-Control"))
	require.Equal(t, "text/javascript; charset=utf-8", current.Header().Get("Content-Type"))
	require.Regexp(t, `^"[0-9a-f]{32}"$`, current.Header().Get("ETag"))
	old := asset1(t, s, "/web/0123456789abcdef/ui.js")
	require.Equal(t, http.StatusOK, old.Code)
	require.Equal(t, "no-store", old.Header().Get("Cache-Control"))
	for _, path := range []string{"/web/", "/web/" + s.hash, "/web/" + s.hash + "/", "/web/" + s.hash + "/none.js", "/web/" + s.hash + "/../doc.go"} {
		require.Equal(t, http.StatusNotFound, asset1(t, s, path).Code, path)
	}

	zipped := asset1(t, s, "/web/"+s.hash+"/ui.js", "Accept-Encoding", "br, gzip;q=0.8")
	require.Equal(t, "gzip", zipped.Header().Get("Content-Encoding"))
	require.NotEqual(t, current.Header().Get("ETag"), zipped.Header().Get("ETag"))
	reader, err := gzip.NewReader(zipped.Body)
	require.NoError(t, err)
	content, err := io.ReadAll(reader)
	require.NoError(t, err)
	require.Equal(t, current.Body.String(), string(content))
	require.Empty(t, asset1(t, s, "/web/"+s.hash+"/ui.js", "Accept-Encoding", "gzip;q=0").Header().Get("Content-Encoding"))
	again := asset1(t, s, "/web/"+s.hash+"/ui.js", "Accept-Encoding", "gzip", "If-None-Match", zipped.Header().Get("ETag"))
	require.Equal(t, http.StatusNotModified, again.Code)
}

// Every import of a module leads to a file, and none to another host.
func TestModulesAreComplete(t *testing.T) {
	t.Parallel()
	s := newSite(t, Options{})
	for name, a := range s.assets {
		if !strings.HasSuffix(name, ".js") {
			continue
		}
		for _, match := range regexp.MustCompile(`(?:from|import\()\s*["']([^"'\s]+)["']`).FindAllStringSubmatch(string(a.content), -1) {
			require.Regexp(t, `^\.{1,2}/`, match[1], name)
			require.Contains(t, s.assets, filepath.Join(filepath.Dir(name), match[1]), name)
		}
	}
	require.Contains(t, s.modules["account"], "vendor/preact.js")
	require.NotContains(t, s.modules["account"], "vendor/uplot.js")
}

// A page has nothing inline, and its policy allows nothing inline.
func TestPage(t *testing.T) {
	t.Parallel()
	s := newSite(t, Options{Name: `<b>"Acme" & sons`})
	w := httptest.NewRecorder()
	page := Page{Name: "account", Data: map[string]string{"return": `https://app.example.com/"><script>alert(1)</script>`}}
	require.NoError(t, s.Serve(w, request(t, "/account/sessions"), page))
	body := w.Body.String()
	require.NotRegexp(t, `(?i)<style|style=|<script>|\son[a-z]+=|<b>`, body)
	require.Contains(t, body, `src="./../web/`+s.hash+`/account/main.js"`)
	require.Contains(t, body, `<html lang="en"`)
	require.NotContains(t, w.Header().Get("Content-Security-Policy"), "unsafe")
	require.Contains(t, w.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'")

	again := httptest.NewRecorder()
	require.NoError(t, s.Serve(again, request(t, "/account/sessions", "If-None-Match", w.Header().Get("ETag")), page))
	require.Equal(t, http.StatusNotModified, again.Code)
	missing := httptest.NewRecorder()
	require.NoError(t, s.Serve(missing, request(t, "/account/none"), Page{Name: "account", Status: http.StatusNotFound}))
	require.Equal(t, http.StatusNotFound, missing.Code)
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	s := newSite(t, Options{})
	for header, want := range map[string]string{
		"": "en", "de": "de", "de-AT,de;q=0.9,en;q=0.8": "de", "fr,de;q=0.5": "de", "fr": "en", "en-GB,de": "en", ",;": "en", "../de": "en",
	} {
		require.Equal(t, want, s.language(request(t, "/account", "Accept-Language", header)), header)
	}
	require.Equal(t, "de", s.language(request(t, "/account", "Accept-Language", "en", "Cookie", "latchkey_language=de")))
	require.Equal(t, "en", s.language(request(t, "/account", "Cookie", "latchkey_language=none")))
}

// German has every text of English, with the same placeholders.
func TestTextsAreComplete(t *testing.T) {
	t.Parallel()
	names, err := fs.Glob(embedded, "static/texts/en/*.json")
	require.NoError(t, err)
	read := func(name string) map[string]any {
		content, err := embedded.ReadFile(name)
		require.NoError(t, err)
		texts := map[string]any{}
		require.NoError(t, json.Unmarshal(content, &texts), name)
		return texts
	}
	for _, name := range names {
		english, german := read(name), read(strings.Replace(name, "/en/", "/de/", 1))
		require.Equal(t, slices.Sorted(maps.Keys(english)), slices.Sorted(maps.Keys(german)), name)
		for key := range english {
			require.Equal(t, placeholders(english[key]), placeholders(german[key]), key)
		}
	}
}

// Every text that a script of a page names is there, and every text is named by one.
func TestTextsAreUsed(t *testing.T) {
	t.Parallel()
	s := newSite(t, Options{})
	named := regexp.MustCompile(`\bt\(\s*['"]([a-z0-9_.]+)['"]`)
	for page, modules := range s.modules {
		texts := s.texts[fallback][page]
		for _, module := range modules {
			for _, match := range named.FindAllStringSubmatch(string(s.assets[module].content), -1) {
				_, own := texts[match[1]]
				_, shared := s.texts[fallback][common][match[1]]
				require.True(t, own || shared, "%s of %s has no text %s", module, page, match[1])
			}
		}
	}
}

func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func TestOwnTexts(t *testing.T) {
	t.Parallel()
	s := newSite(t, Options{Texts: []string{
		writeFile(t, "fr.json", `{"action.cancel": "Annuler", "error.too_many_requests": "Attendez {time}."}`),
		writeFile(t, "en.json", `{"action.cancel": "Never mind"}`),
	}})
	require.Equal(t, []string{"de", "en", "fr"}, s.languages)
	french := asset1(t, s, "/web/"+s.hash+"/texts/fr/account.json").Body.String()
	require.Contains(t, french, "Annuler")
	require.Contains(t, french, "Copied", "what is missing is in English")
	require.Contains(t, asset1(t, s, "/web/"+s.hash+"/texts/en/account.json").Body.String(), "Never mind")
	require.NotEqual(t, newSite(t, Options{}).hash, s.hash)

	for name, content := range map[string]string{
		"fr.json": `{"no.such": "x"}`, "it.json": `{"error.too_many_requests": "Aspetti"}`, "es.json": `[]`, "pt.json": `{"action.cancel": 5}`,
		"nl.json": `{"action.cancel": {"one": "x"}}`, "sv.json": `{"action.cancel": {"other": null}}`, "not a language.json": `{}`,
	} {
		_, err := New(Options{Texts: []string{writeFile(t, name, content)}})
		require.ErrorContains(t, err, name)
	}
	_, err := New(Options{Texts: []string{"none/fr.json"}})
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// Whatever the color of the brand is, text in it and on it can be read.
func TestBrandColors(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"#000000", "#ffffff", "#ffff00", "#4f46e5", "#ff0000", "#777777", "#7FFFD4", "#1d4ed8"} {
		s := newSite(t, Options{Color: text})
		style := asset1(t, s, "/web/"+s.hash+"/style.css").Body.String()
		_, style, _ = strings.Cut(style, "--accent: ")
		found := regexp.MustCompile(`#[0-9a-f]{6}`).FindAllString(style, -1)
		require.Len(t, found, 4)
		colors := make([]color, 4)
		for i := range found {
			var err error
			colors[i], err = parseColor(found[i])
			require.NoError(t, err)
		}
		require.GreaterOrEqual(t, contrast(colors[0], colors[1]), minContrast-0.05, "%s: button", text)
		require.GreaterOrEqual(t, contrast(colors[2], lightGround), minContrast-0.05, "%s: light", text)
		require.GreaterOrEqual(t, contrast(colors[3], darkGround), minContrast-0.05, "%s: dark", text)
	}
	for _, text := range []string{"red", "#fff", "#12345g", "#1234567", "url(x)"} {
		_, err := New(Options{Color: text})
		require.Error(t, err, text)
	}
}

func TestLogo(t *testing.T) {
	t.Parallel()
	s := newSite(t, Options{Logo: writeFile(t, "acme", `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"></svg>`)})
	logo := asset1(t, s, "/web/"+s.hash+"/logo.svg")
	require.Equal(t, "image/svg+xml", logo.Header().Get("Content-Type"))
	require.Contains(t, logo.Header().Get("Content-Security-Policy"), "sandbox")
	for _, content := range []string{"text", "<html>", "\x89PNG\r\n\x1a\n" + strings.Repeat("x", maxLogo)} {
		_, err := New(Options{Logo: writeFile(t, "logo", content)})
		require.Error(t, err)
	}
	_, err := New(Options{Logo: "none.svg"})
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// The console can filter by every action.
func TestConsoleKnowsEveryAction(t *testing.T) {
	t.Parallel()
	source, err := fs.ReadFile(embedded, "static/console/audit.js")
	require.NoError(t, err)
	list := regexp.MustCompile(`(?s)const actions = \[(.+?)\]`).FindSubmatch(source)
	require.NotNil(t, list)
	var known []audit.Action
	for _, action := range regexp.MustCompile(`'(.+?)'`).FindAllSubmatch(list[1], -1) {
		known = append(known, audit.Action(action[1]))
	}
	require.Equal(t, audit.Actions, known)
}
