package bearer_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/api/bearer"
)

// Protect two routes of an API.
func Example() {
	verifier, err := bearer.New(bearer.Config{
		Issuer:   issuer,   // https://auth.example.com
		Audience: audience, // https://api.example.com
		Client:   exampleClient(),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = verifier.Close() }()

	mux := http.NewServeMux()
	mux.Handle("GET /me", verifier.Require()(http.HandlerFunc(me)))
	mux.Handle("GET /admin", verifier.Require(bearer.AnyRole("ROLE_ADMIN"))(http.HandlerFunc(me)))

	fmt.Println(request(mux, "/me", validToken()))
	fmt.Println(request(mux, "/me", ""))
	fmt.Println(request(mux, "/admin", validToken()))
	// Output:
	// 200 Hello, alice [ROLE_USER]
	// 401 Bearer realm="https://auth.example.com"
	// 403 Bearer realm="https://auth.example.com", error="insufficient_scope", error_description="this operation needs one of the roles: ROLE_ADMIN"
}

func me(w http.ResponseWriter, r *http.Request) {
	identity, _ := bearer.FromContext(r.Context())
	_, _ = fmt.Fprintln(w, "Hello,", identity.Subject, identity.Roles)
}

// Refuse the tokens of sessions that have ended, without a call per request.
func Example_revocations() {
	latchkey := newService()
	verifier, err := bearer.New(bearer.Config{
		Issuer: issuer, Audience: audience,
		Revocations:       true,
		MaxRevocationsAge: 10 * time.Minute, // then 503 rather than trust an old list
		Client:            &http.Client{Transport: latchkey},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = verifier.Close() }()
	protected := verifier.Require()(http.HandlerFunc(me))

	token := validToken() // of the session s1
	fmt.Println(request(protected, "/", token))
	latchkey.end("s1")
	for status(verifier, token) == http.StatusOK {
		time.Sleep(10 * time.Millisecond) // the list arrives within seconds
	}
	fmt.Println(request(protected, "/", token))
	// Output:
	// 200 Hello, alice [ROLE_USER]
	// 401 Bearer realm="https://auth.example.com", error="invalid_token", error_description="the access token is not valid"
}

// Ask the service about each token, at most every ten seconds.
func Example_introspection() {
	verifier, err := bearer.New(bearer.Config{
		Issuer: issuer, Audience: audience,
		Introspection: &bearer.Introspection{ClientID: "api", ClientSecret: "secret+", CacheFor: 10 * time.Second},
		Client:        exampleClient(),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = verifier.Close() }()
	fmt.Println(request(verifier.Require()(http.HandlerFunc(me)), "/", validToken()))
	// Output: 200 Hello, alice [ROLE_USER]
}

// Use a Verifier without its middleware.
func ExampleVerifier_Verify() {
	verifier, err := bearer.New(bearer.Config{Issuer: issuer, Audience: audience, Client: exampleClient()})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = verifier.Close() }()
	identity, err := verifier.Verify(context.Background(), validToken())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(identity.Subject, identity.HasScope("reports:read"), identity.HasRole("ROLE_ADMIN"))
	// Output: alice true false
}

// Test a handler without tokens.
func ExampleNewContext() {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/", nil)
	r = r.WithContext(bearer.NewContext(r.Context(), bearer.Identity{Subject: "bob", Roles: []string{"ROLE_ADMIN"}}))
	w := httptest.NewRecorder()
	me(w, r)
	fmt.Print(w.Body)
	// Output: Hello, bob [ROLE_ADMIN]
}

// exampleClient reaches a service that exists only in these tests.
func exampleClient() *http.Client { return &http.Client{Transport: newService()} }

// request returns the status of a response, and its body or challenge.
func request(handler http.Handler, path, token string) string {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	if challenge := w.Header().Get("WWW-Authenticate"); challenge != "" {
		return fmt.Sprint(w.Code, " ", challenge)
	}
	return fmt.Sprint(w.Code, " ", strings.TrimSpace(w.Body.String()))
}
