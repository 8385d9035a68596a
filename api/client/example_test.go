package client_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"github.com/latchkey-auth/latchkey/api/client"
)

// Sign in with a username and a password, and read your own profile.
func Example() {
	ctx := context.Background()
	anonymous, err := client.NewClientWithResponses(baseURL) // such as https://auth.example.com
	if err != nil {
		log.Fatal(err)
	}
	token, err := anonymous.IssueTokenWithFormdataBodyWithResponse(ctx, client.TokenRequest{
		GrantType: "password", Username: new("alice"), Password: new("correct horse battery staple"),
	})
	if err != nil {
		log.Fatal(err)
	}
	if token.JSON200 == nil {
		log.Fatalf("no token: %s: %s", token.Status(), token.Body)
	}

	bearer := client.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+token.JSON200.AccessToken)
		return nil
	})
	signedIn, err := client.NewClientWithResponses(baseURL, bearer)
	if err != nil {
		log.Fatal(err)
	}
	profile, err := signedIn.GetOwnProfileWithResponse(ctx)
	if err != nil {
		log.Fatal(err)
	}
	if profile.JSON200 == nil {
		log.Fatalf("no profile: %s: %s", profile.Status(), profile.Body)
	}
	fmt.Println(profile.JSON200.Username, profile.JSON200.Roles)
	// Output: alice [ROLE_USER]
}

// Sign in once, and let a source keep the token valid. Its HTTP client works for this service and for every
// API that accepts the token.
func ExampleTokenSource() {
	ctx := context.Background()
	anonymous, err := client.NewClientWithResponses(baseURL)
	if err != nil {
		log.Fatal(err)
	}
	source, err := client.SignIn(ctx, anonymous, "alice", "correct horse battery staple")
	if err != nil {
		log.Fatal(err) // a *client.TokenError if the password is wrong
	}
	signedIn, err := client.NewClientWithResponses(baseURL, client.WithHTTPClient(source.HTTPClient()))
	if err != nil {
		log.Fatal(err)
	}
	profile, err := signedIn.GetOwnProfileWithResponse(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(profile.JSON200.Username)
	// Output: alice
}

// A program without a user signs in as itself.
func ExampleCredentials() {
	c, err := client.NewClientWithResponses(baseURL)
	if err != nil {
		log.Fatal(err)
	}
	source := client.Credentials(c, func(_ context.Context, r *http.Request) error {
		r.SetBasicAuth("report-worker", "cs_0123456789")
		return nil
	})
	token, err := source.Token(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(token.Scope)
	// Output: users:read
}

// A refresh token that was kept continues a session in another process.
func ExampleResume() {
	c, err := client.NewClientWithResponses(baseURL)
	if err != nil {
		log.Fatal(err)
	}
	token, err := client.Resume(c, "rt_first").Token(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("keep", token.RefreshToken)
	// Output: keep rt_second
}

// A confidential client gets a token of its own. It authenticates with HTTP Basic.
func ExampleClientWithResponses_IssueTokenWithFormdataBodyWithResponse() {
	c, err := client.NewClientWithResponses(baseURL)
	if err != nil {
		log.Fatal(err)
	}
	basic := func(_ context.Context, r *http.Request) error {
		r.SetBasicAuth("report-worker", "cs_0123456789")
		return nil
	}
	token, err := c.IssueTokenWithFormdataBodyWithResponse(context.Background(),
		client.TokenRequest{GrantType: "client_credentials"}, basic)
	if err != nil {
		log.Fatal(err)
	}
	if token.JSON200 == nil {
		log.Fatalf("no token: %s: %s", token.Status(), token.Body)
	}
	fmt.Println(token.JSON200.TokenType, token.JSON200.ExpiresIn, token.JSON200.Scope)
	// Output: Bearer 900 users:read
}

// A refresh token works once. The response has the next one.
func ExampleClientWithResponses_IssueTokenWithFormdataBodyWithResponse_refresh() {
	c, err := client.NewClientWithResponses(baseURL)
	if err != nil {
		log.Fatal(err)
	}
	refreshToken := "rt_first"
	token, err := c.IssueTokenWithFormdataBodyWithResponse(context.Background(), client.TokenRequest{
		GrantType: "refresh_token", RefreshToken: &refreshToken,
	})
	if err != nil {
		log.Fatal(err)
	}
	switch {
	case token.JSON200 != nil:
		refreshToken = *token.JSON200.RefreshToken
		fmt.Println("keep", refreshToken)
	case token.JSON400 != nil && token.JSON400.Error == "invalid_grant":
		fmt.Println("the session has ended: sign in again")
	}
	// Output: keep rt_second
}

// The endpoints other than the OAuth ones return problems with a stable code.
func ExampleClientWithResponses_SignupWithResponse() {
	c, err := client.NewClientWithResponses(baseURL)
	if err != nil {
		log.Fatal(err)
	}
	username := "alice"
	signup, err := c.SignupWithResponse(context.Background(), client.UserCreate{
		Username: &username, Email: "alice@example.com", Password: "correct horse battery staple",
	})
	if err != nil {
		log.Fatal(err)
	}
	switch {
	case signup.JSON201 != nil:
		fmt.Println("welcome", signup.JSON201.Username)
	case signup.ApplicationproblemJSON409 != nil && signup.ApplicationproblemJSON409.Code == "username_taken":
		fmt.Println("choose another username")
	default:
		log.Fatalf("not signed up: %s: %s", signup.Status(), signup.Body)
	}
	// Output: choose another username
}

// A list comes in pages. Ask for the next one with the cursor of the one before.
func ExampleClientWithResponses_ListUsersWithResponse() {
	bearer := client.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer eyJhbGciOiJFUzI1NiJ9.e30.c2ln") // of an administrator
		return nil
	})
	c, err := client.NewClientWithResponses(baseURL, bearer)
	if err != nil {
		log.Fatal(err)
	}
	params := &client.ListUsersParams{Role: new("ROLE_USER")}
	for {
		page, err := c.ListUsersWithResponse(context.Background(), params)
		if err != nil {
			log.Fatal(err)
		}
		if page.JSON200 == nil {
			log.Fatalf("no page: %s: %s", page.Status(), page.Body)
		}
		for _, user := range page.JSON200.Items {
			fmt.Println(user.Username)
		}
		if page.JSON200.NextCursor == nil {
			break
		}
		params.Cursor = page.JSON200.NextCursor
	}
	// Output:
	// alice
	// bob
}
