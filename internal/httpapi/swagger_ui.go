package httpapi

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"html/template"
	"io/fs"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5emb"
)

const (
	docsPath   = "/docs"
	pluginPath = docsPath + "/plugin.js"
)

// docsFiles are the page that shows Swagger UI, and the plugin. The page of swgui has inline scripts
// and styles, which our Content-Security-Policy forbids; only its files are used.
//
//go:embed docs
var docsFiles embed.FS

var docsPage = template.Must(template.ParseFS(docsFiles, "docs/index.html"))

// swaggerUIFiles are the files of swgui that the page loads.
var swaggerUIFiles = []string{"swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"}

// serveDocs serves Swagger UI under /docs, from embedded files. The URLs in the page are relative, so
// that a proxy may serve Latchkey under a path prefix.
func (s *Server) serveDocs(e *echo.Echo) error {
	s.serveDocsContract(e)
	for path, base := range map[string]string{docsPath: "docs/", docsPath + "/": ""} {
		page, err := s.renderDocs(base)
		if err != nil {
			return err
		}
		s.serveDocsFile(e, path, echo.MIMETextHTMLCharsetUTF8, page)
	}
	for name, mediaType := range map[string]string{"start.js": "text/javascript", "start.css": "text/css"} {
		file, err := fs.ReadFile(docsFiles, "docs/"+name)
		if err != nil {
			return err
		}
		s.serveDocsFile(e, docsPath+"/"+name, mediaType, file)
	}
	plugin, err := s.plugin()
	if err != nil {
		return err
	}
	s.serveDocsFile(e, pluginPath, "text/javascript", plugin)
	ui := v5emb.NewHandlerWithConfig(swgui.Config{BasePath: docsPath})
	for _, name := range swaggerUIFiles {
		e.GET(docsPath+"/"+name, func(c echo.Context) error {
			s.docsHeaders(c)
			ui.ServeHTTP(c.Response(), c.Request())
			return nil
		})
	}
	return nil
}

// renderDocs returns the page that finds its files at base.
func (s *Server) renderDocs(base string) ([]byte, error) {
	var page bytes.Buffer
	up := "."
	if base == "" {
		up = ".."
	}
	err := docsPage.Execute(&page, map[string]string{
		"Title": s.main.title, "Base": base, "Contract": up + s.docsContractPath(),
	})
	return page.Bytes(), err
}

// plugin returns the plugin with the issuer in it. By the issuer it recognizes the token URLs that it
// may send refresh tokens to.
func (s *Server) plugin() ([]byte, error) {
	const placeholder = "'LATCHKEY_ISSUER'"
	raw, err := fs.ReadFile(docsFiles, "docs/plugin.js")
	if err != nil {
		return nil, err
	}
	issuer, err := json.Marshal(s.Issuer)
	if err == nil && strings.Count(string(raw), placeholder) != 1 {
		err = errors.New("plugin.js has not exactly one placeholder of the issuer")
	}
	return bytes.Replace(raw, []byte(placeholder), issuer, 1), err
}

func (s *Server) serveDocsFile(e *echo.Echo, path, mediaType string, content []byte) {
	e.GET(path, func(c echo.Context) error {
		s.docsHeaders(c)
		return c.Blob(http.StatusOK, mediaType, content)
	})
}

// docsHeaders sets the headers of the page and its files. Pages of other origins may load the plugin.
func (s *Server) docsHeaders(c echo.Context) {
	header := c.Response().Header()
	header.Set(echo.HeaderContentSecurityPolicy, s.docsPolicy())
	header.Set(echo.HeaderCacheControl, "no-cache")
	if c.Path() == pluginPath {
		header.Set("Cross-Origin-Resource-Policy", "cross-origin")
	}
}

// docsPolicy returns the Content-Security-Policy of the page. It allows the page's own files, and
// requests to the issuer, whose URL the contract has: the page may have been opened by another name of
// the host.
func (s *Server) docsPolicy() string {
	return "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; " +
		"connect-src 'self' " + originOf(s.Issuer) + "; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
}
