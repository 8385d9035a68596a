package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5emb"
)

const docsPath = "/docs"

// serveDocs serves Swagger UI under /docs, from embedded files.
func (s *Server) serveDocs(e *echo.Echo) error {
	ui := v5emb.NewWithConfig(swgui.Config{
		ShowTopBar: false,
		SettingsUI: map[string]string{
			"persistAuthorization": "true",
			"tryItOutEnabled":      "true",
			"validatorUrl":         "null", // do not send the contract to swagger.io
		},
	})(s.contract.Info.Title, s.docsContractPath(), docsPath)
	policy, err := docsPolicy(ui, originOf(s.Issuer))
	if err != nil {
		return err
	}
	handler := func(c echo.Context) error {
		header := c.Response().Header()
		header.Set(echo.HeaderContentSecurityPolicy, policy)
		header.Set(echo.HeaderCacheControl, "no-cache")
		ui.ServeHTTP(c.Response(), c.Request())
		return nil
	}
	if err := s.serveDocsContract(e); err != nil {
		return err
	}
	e.GET(docsPath, handler)
	e.GET(docsPath+"/*", handler)
	return nil
}

var inlineScript = regexp.MustCompile(`(?s)<script>(.*?)</script>`)

// docsPolicy returns the Content-Security-Policy of the page. It allows the page's own files, the inline
// scripts by their hashes, and requests to the service by its name, which the page may not be opened by.
func docsPolicy(ui http.Handler, service string) (string, error) {
	page := httptest.NewRecorder()
	ui.ServeHTTP(page, httptest.NewRequestWithContext(context.Background(), http.MethodGet, docsPath, nil))
	scripts := inlineScript.FindAllStringSubmatch(page.Body.String(), -1)
	if len(scripts) == 0 {
		return "", errors.New("swagger ui: the page has no inline script")
	}
	allowed := []string{"'self'"}
	for _, script := range scripts {
		sum := sha256.Sum256([]byte(script[1]))
		allowed = append(allowed, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	}
	return "default-src 'none'; connect-src 'self' " + service + "; img-src 'self' data:; font-src 'self'; " +
		"style-src 'self' 'unsafe-inline'; script-src " + strings.Join(allowed, " ") +
		"; frame-ancestors 'none'; base-uri 'none'; form-action 'none'", nil
}
