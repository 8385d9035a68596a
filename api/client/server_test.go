package client_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/latchkey-auth/latchkey/internal/httpapi/apitest"
)

// baseURL is where the server of the examples listens.
var baseURL string

// TestMain starts the server of the examples. Every response that they get is compared with the
// contract, so that this server cannot drift from the real one.
func TestMain(m *testing.M) {
	contract, err := apitest.NewContract(http.DefaultTransport)
	if err != nil {
		panic(err)
	}
	http.DefaultTransport = contract
	server := httptest.NewServer(routes())
	baseURL = server.URL
	code := m.Run()
	server.Close()
	os.Exit(code)
}

func routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", issueToken)
	mux.HandleFunc("GET /api/auth/users/me", ownProfile)
	mux.HandleFunc("POST /api/auth/signup", signup)
	mux.HandleFunc("GET /api/users", listUsers)
	return mux
}

const (
	accessToken = "eyJhbGciOiJFUzI1NiJ9.e30.c2ln"
	requestID   = "1e893f38-2d3c-45f8-840a-c4511777ad4d"
)

func issueToken(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
	token := map[string]any{"access_token": accessToken, "token_type": "Bearer", "expires_in": 900}
	id, _, _ := r.BasicAuth()
	switch grant := r.PostFormValue("grant_type"); {
	case grant == "password" && r.PostFormValue("username") == "alice":
		token["scope"], token["refresh_token"] = "profile", "rt_first"
	case grant == "refresh_token" && r.PostFormValue("refresh_token") == "rt_first":
		token["scope"], token["refresh_token"] = "profile", "rt_second"
	case grant == "client_credentials" && id == "report-worker":
		token["scope"] = "users:read"
	default:
		respond(w, http.StatusBadRequest, "application/json", map[string]any{
			"error": "invalid_grant", "error_description": "unknown to the examples",
		})
		return
	}
	respond(w, http.StatusOK, "application/json", token)
}

func ownProfile(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+accessToken {
		w.Header().Set("WWW-Authenticate", "Bearer")
		problem(w, r, http.StatusUnauthorized, "authentication_required")
		return
	}
	respond(w, http.StatusOK, "application/json", user("alice"))
}

func signup(w http.ResponseWriter, r *http.Request) {
	problem(w, r, http.StatusConflict, "username_taken")
}

func listUsers(w http.ResponseWriter, r *http.Request) {
	page := map[string]any{"items": []any{user("alice")}, "next_cursor": "second"}
	if r.FormValue("cursor") == "second" {
		page = map[string]any{"items": []any{user("bob")}}
	}
	respond(w, http.StatusOK, "application/json", page)
}

func user(name string) map[string]any {
	return map[string]any{
		"id": "5f0c6c1e-9b0e-4a3e-8a64-0d7b8c7f3a11", "username": name, "email": name + "@example.com",
		"email_verified": true, "active": true, "roles": []string{"ROLE_USER"},
		"created_at": "2026-01-02T03:04:05Z", "updated_at": "2026-01-02T03:04:05Z",
	}
}

func problem(w http.ResponseWriter, r *http.Request, status int, code string) {
	respond(w, status, "application/problem+json", map[string]any{
		"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": code,
		"instance": r.URL.Path, "code": code, "request_id": requestID,
	})
}

func respond(w http.ResponseWriter, status int, mediaType string, body any) {
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("X-Request-Id", requestID)
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		panic(err)
	}
}
