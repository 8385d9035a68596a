package httpapi

import (
	"bytes"
	"context"
	"fmt"
	"html/template"
	"mime"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/web"
)

// indexPage is what browsers get for GET /. It uses relative URLs, like all pages.
var indexPage = template.Must(template.ParseFS(pages, "pages/index.html"))

// Welcome is what the page of GET / shows in development. In production it does not tell strangers which version runs.
type Welcome struct {
	Version  string // of the program; empty: it is no release
	Users    []WelcomeUser
	Inbox    string   // path of the inbox; empty: emails are sent
	Profiles []string // compatibility profiles that are on
}

// WelcomeUser is a user of development.
type WelcomeUser struct{ Username, Password, Role string }

// indexData is what the template of the page needs.
type indexData struct {
	api.Index
	Style   string // relative URL of the style sheet of all pages
	Icon    string // relative URL
	Issuer  string
	Console bool // whether there is one
	Welcome *welcomeData
}

// welcomeData is a Welcome with lines to copy.
type welcomeData struct {
	Welcome
	GetToken, UseToken, PluginLine string
}

// indexData returns the data of the page.
func (s *Server) indexData(index api.Index) indexData {
	data := indexData{Index: index, Style: s.Site.StylePath(), Icon: s.Site.IconPath(), Issuer: s.Issuer, Console: s.Console}
	if s.Welcome == nil || len(s.Welcome.Users) == 0 {
		return data
	}
	first := s.Welcome.Users[0]
	data.Welcome = &welcomeData{
		Welcome: *s.Welcome,
		GetToken: fmt.Sprintf(`TOKEN=$(curl -s -d grant_type=password -d username=%s --data-urlencode password=%s %s/token | sed 's/.*"access_token":"\([^"]*\)".*/\1/')`,
			first.Username, first.Password, s.Issuer),
		UseToken:   fmt.Sprintf(`curl -H "Authorization: Bearer $TOKEN" %s/api/auth/users/me`, s.Issuer),
		PluginLine: fmt.Sprintf(`<script src="%s%s"></script>`, s.Issuer, pluginPath),
	}
	data.Welcome.Inbox = strings.TrimPrefix(s.Welcome.Inbox, "/")
	return data
}

// withAccept stores whether a request prefers a page to JSON, as browsers do.
func withAccept(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		stateOf(c.Request().Context()).wantsPage = acceptsHTML(c.Request().Header.Get(echo.HeaderAccept))
		c.Response().Header().Add(echo.HeaderVary, echo.HeaderAccept)
		return next(c)
	}
}

// acceptsHTML reports whether an Accept header names text/html, before application/json if it names both.
func acceptsHTML(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		mediaType, parameters, err := mime.ParseMediaType(part)
		switch {
		case err != nil || parameters["q"] == "0":
		case mediaType == echo.MIMETextHTML:
			return true
		case mediaType == echo.MIMEApplicationJSON:
			return false
		}
	}
	return false
}

// GetIndex handles GET /.
func (s *Server) GetIndex(ctx context.Context, _ api.GetIndexRequestObject) (api.GetIndexResponseObject, error) {
	index := api.Index{
		Name: s.main.title, Version: s.main.version, Docs: s.Issuer + docsPath, Openapi: s.Issuer + "/openapi.json",
		Metadata: s.Issuer + "/.well-known/oauth-authorization-server", JwksUri: s.Issuer + "/.well-known/jwks.json",
	}
	if !stateOf(ctx).wantsPage {
		return api.GetIndex200JSONResponse(index), nil
	}
	var page bytes.Buffer
	if err := indexPage.Execute(&page, s.indexData(index)); err != nil {
		return nil, err
	}
	return indexHTML(page.Bytes()), nil
}

// indexHTML is the page with its Content-Security-Policy.
type indexHTML []byte

// VisitGetIndexResponse writes the response.
func (p indexHTML) VisitGetIndexResponse(w http.ResponseWriter) error {
	w.Header().Set(echo.HeaderContentType, echo.MIMETextHTMLCharsetUTF8)
	w.Header().Set(echo.HeaderContentSecurityPolicy, web.Policy(false))
	_, err := w.Write(p)
	return err
}
