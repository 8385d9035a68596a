// Command api is an API that accepts access tokens of Latchkey.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"log"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// claims are those claims of an access token that this API uses.
type claims struct {
	Subject string   `json:"sub"`
	Roles   []string `json:"roles"`
}

type claimsKey struct{}

// authenticate puts the claims of a valid access token into the context of the request.
func authenticate(verifier *oidc.IDTokenVerifier, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") || text == "" {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "an access token is required", http.StatusUnauthorized)
			return
		}
		var c claims
		token, err := verifier.Verify(r.Context(), text)
		if err == nil {
			err = token.Claims(&c)
		}
		if err != nil {
			w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
			http.Error(w, "the access token is not valid", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), claimsKey{}, c)))
	})
}

// requireRole rejects callers without a role. It needs authenticate before it.
func requireRole(role string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(caller(r).Roles, role) {
			http.Error(w, "this operation needs the role "+role, http.StatusForbidden)
			return
		}
		next(w, r)
	}
}

func caller(r *http.Request) claims {
	c, _ := r.Context().Value(claimsKey{}).(claims)
	return c
}

func hello(w http.ResponseWriter, r *http.Request) {
	reply(w, map[string]any{"user": caller(r).Subject, "roles": caller(r).Roles})
}

func admin(w http.ResponseWriter, _ *http.Request) {
	reply(w, map[string]any{"secret": "for administrators"})
}

func reply(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

func main() {
	issuer := cmp.Or(os.Getenv("LATCHKEY_ISSUER"), "http://localhost:8080")
	ctx := context.Background()
	provider, err := oidc.NewProvider(ctx, issuer) // fetches the metadata; the keys are fetched when needed
	if err != nil {
		log.Fatal(err)
	}
	verifier := provider.VerifierContext(ctx, &oidc.Config{
		ClientID: cmp.Or(os.Getenv("AUDIENCE"), issuer), SupportedSigningAlgs: []string{oidc.ES256},
	})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hello", hello)
	mux.HandleFunc("GET /admin", requireRole("ROLE_ADMIN", admin))
	server := &http.Server{
		Addr: "127.0.0.1:" + cmp.Or(os.Getenv("PORT"), "3000"), Handler: authenticate(verifier, mux),
		ReadHeaderTimeout: 5 * time.Second,
	}
	log.Fatal(server.ListenAndServe())
}
