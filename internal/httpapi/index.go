package httpapi

import (
	"bytes"
	"context"
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

type wantsPageKey struct{}

// withAccept stores whether a request prefers a page to JSON, as browsers do.
func withAccept(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		setContext(c, wantsPageKey{}, acceptsHTML(c.Request().Header.Get(echo.HeaderAccept)))
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
		Name: s.contract.Info.Title, Version: s.contract.Info.Version, Docs: s.Issuer + docsPath, Openapi: s.Issuer + "/openapi.json",
		Metadata: s.Issuer + "/.well-known/oauth-authorization-server", JwksUri: s.Issuer + "/.well-known/jwks.json",
	}
	if wantsPage, _ := ctx.Value(wantsPageKey{}).(bool); !wantsPage {
		return api.GetIndex200JSONResponse(index), nil
	}
	var page bytes.Buffer
	if err := indexPage.Execute(&page, startPage{index, s.Site.Path("style.css")}); err != nil {
		return nil, err
	}
	return indexHTML(page.Bytes()), nil
}

// startPage is what the page shows, and the relative URL of its style sheet.
type startPage struct {
	api.Index
	Style string
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
