//go:build fastapi

package e2e

// exchange is a request of the script that is sent to fastapi-users and to Latchkey. {NAME} in its
// operation, form, body and token stands for a value of an earlier response or email.
type exchange struct {
	name      string
	operation string // METHOD PATH
	form      string // URL-encoded body
	body      string // JSON body
	token     string // of the Authorization header; empty: none
	saveID    string // the name for the id in the response
	saveToken string // the name for the access token in the response
	emailed   string // the name for the token in the email that the request causes, see side.emailed
}

// script is a front end's life with the library. Later requests depend on what earlier ones changed.
var script = []exchange{
	{name: "register", operation: "POST /auth/register", body: `{"email": "alice@example.com", "password": "alice has a password"}`, saveID: "alice", emailed: "sign-up"},
	{name: "register a taken address", operation: "POST /auth/register", body: `{"email": "alice@example.com", "password": "alice has a password"}`},
	{name: "register a taken address in capitals", operation: "POST /auth/register", body: `{"email": "ALICE@example.com", "password": "alice has a password"}`},
	{name: "register an invalid address", operation: "POST /auth/register", body: `{"email": "alice", "password": "alice has a password"}`},
	{name: "register an address of the wrong type", operation: "POST /auth/register", body: `{"email": 1, "password": "alice has a password"}`},
	{name: "register without an address", operation: "POST /auth/register", body: `{"password": "alice has a password"}`},
	{name: "register without a password", operation: "POST /auth/register", body: `{"email": "carol@example.com"}`},
	{name: "register with a short password", operation: "POST /auth/register", body: `{"email": "carol@example.com", "password": "abc"}`},
	{name: "register with a body that is not JSON", operation: "POST /auth/register", body: `{"email":`},
	{name: "register without a body", operation: "POST /auth/register"},
	{name: "register as a superuser", operation: "POST /auth/register", body: `{"email": "bob@example.com", "password": "bob has a password", "is_superuser": true, "is_verified": true}`, saveID: "bob"},

	{name: "sign in before the address is verified", operation: "POST /auth/jwt/login", form: "username=alice%40example.com&password=alice+has+a+password"},
	{name: "sign in with a wrong password", operation: "POST /auth/jwt/login", form: "username=alice%40example.com&password=wrong"},
	{name: "sign in as an unknown user", operation: "POST /auth/jwt/login", form: "username=nobody%40example.com&password=wrong"},
	{name: "sign in without a username", operation: "POST /auth/jwt/login", form: "password=wrong"},
	{name: "sign in without a password", operation: "POST /auth/jwt/login", form: "username=alice%40example.com"},
	{name: "sign in without a form", operation: "POST /auth/jwt/login"},
	{name: "sign in with JSON", operation: "POST /auth/jwt/login", body: `{"username": "alice@example.com", "password": "alice has a password"}`},
	{name: "sign in with another grant type", operation: "POST /auth/jwt/login", form: "grant_type=refresh_token&username=alice%40example.com&password=wrong"},

	{name: "request a verification", operation: "POST /auth/request-verify-token", body: `{"email": "alice@example.com"}`, emailed: "verify"},
	{name: "request a verification of an unknown address", operation: "POST /auth/request-verify-token", body: `{"email": "nobody@example.com"}`},
	{name: "request a verification of an invalid address", operation: "POST /auth/request-verify-token", body: `{"email": "nobody"}`},
	{name: "verify with a token that is none", operation: "POST /auth/verify", body: `{"token": "junk"}`},
	{name: "verify without a token", operation: "POST /auth/verify", body: `{}`},
	{name: "verify", operation: "POST /auth/verify", body: `{"token": "{verify}"}`},
	{name: "verify a second time", operation: "POST /auth/verify", body: `{"token": "{verify}"}`},
	{name: "request a verification of a verified address", operation: "POST /auth/request-verify-token", body: `{"email": "alice@example.com"}`},

	{name: "sign in", operation: "POST /auth/jwt/login", form: "username=alice%40example.com&password=alice+has+a+password", saveToken: "token"},
	{name: "sign in with capitals and a grant type", operation: "POST /auth/jwt/login", form: "grant_type=password&username=Alice%40Example.com&password=alice+has+a+password&scope="},
	{name: "get yourself", operation: "GET /users/me", token: "{token}"},
	{name: "get yourself without a token", operation: "GET /users/me"},
	{name: "get yourself with a token that is none", operation: "GET /users/me", token: "junk"},
	{name: "change nothing", operation: "PATCH /users/me", token: "{token}", body: `{}`},
	{name: "send yourself back unchanged", operation: "PATCH /users/me", token: "{token}", body: `{"id": "{alice}", "email": "alice@example.com", "is_active": true, "is_superuser": false, "is_verified": true}`},
	{name: "make yourself a superuser", operation: "PATCH /users/me", token: "{token}", body: `{"is_superuser": true}`},
	{name: "change yourself without a token", operation: "PATCH /users/me", body: `{}`},
	{name: "change your address to an invalid one", operation: "PATCH /users/me", token: "{token}", body: `{"email": "alice", "current_password": "alice has a password"}`},
	{name: "change your address to a taken one", operation: "PATCH /users/me", token: "{token}", body: `{"email": "bob@example.com", "current_password": "alice has a password"}`},
	{name: "change your password", operation: "PATCH /users/me", token: "{token}", body: `{"password": "alice has a second one", "current_password": "alice has a password"}`},
	{name: "change your password with the token alone", operation: "PATCH /users/me", token: "{token}", body: `{"password": "alice has a second one"}`},

	{name: "forget the password", operation: "POST /auth/forgot-password", body: `{"email": "alice@example.com"}`, emailed: "reset"},
	{name: "forget the password of an unknown address", operation: "POST /auth/forgot-password", body: `{"email": "nobody@example.com"}`},
	{name: "forget the password of an invalid address", operation: "POST /auth/forgot-password", body: `{"email": "nobody"}`},
	{name: "forget the password of no address", operation: "POST /auth/forgot-password", body: `{}`},
	{name: "reset with a token that is none", operation: "POST /auth/reset-password", body: `{"token": "junk", "password": "alice has a third one"}`},
	{name: "reset without a password", operation: "POST /auth/reset-password", body: `{"token": "{reset}"}`},
	{name: "reset", operation: "POST /auth/reset-password", body: `{"token": "{reset}", "password": "alice has a third one"}`},
	{name: "reset a second time", operation: "POST /auth/reset-password", body: `{"token": "{reset}", "password": "alice has a third one"}`},
	{name: "get yourself with a token from before the reset", operation: "GET /users/me", token: "{token}"},
	{name: "sign in with the password from before the reset", operation: "POST /auth/jwt/login", form: "username=alice%40example.com&password=alice+has+a+second+one"},
	{name: "sign in after the reset", operation: "POST /auth/jwt/login", form: "username=alice%40example.com&password=alice+has+a+third+one", saveToken: "token"},

	{name: "sign in as a superuser", operation: "POST /auth/jwt/login", form: "username=admin%40example.com&password=admin-dev-password", saveToken: "root"},
	{name: "get a user without a token", operation: "GET /users/{bob}"},
	{name: "get a user as a user", operation: "GET /users/{bob}", token: "{token}"},
	{name: "get yourself by id as a user", operation: "GET /users/{alice}", token: "{token}"},
	{name: "change a user as a user", operation: "PATCH /users/{bob}", token: "{token}", body: `{"is_active": false}`},
	{name: "delete a user as a user", operation: "DELETE /users/{bob}", token: "{token}"},
	{name: "get a user", operation: "GET /users/{bob}", token: "{root}"},
	{name: "get an unknown user", operation: "GET /users/7d444840-9dc0-11d1-b245-5ffdce74fad2", token: "{root}"},
	{name: "get a user by an invalid id", operation: "GET /users/7", token: "{root}"},
	{name: "change an unknown user", operation: "PATCH /users/7d444840-9dc0-11d1-b245-5ffdce74fad2", token: "{root}", body: `{"is_active": false}`},
	{name: "change a user's address to a taken one", operation: "PATCH /users/{bob}", token: "{root}", body: `{"email": "alice@example.com"}`},
	{name: "change a user's address to an invalid one", operation: "PATCH /users/{bob}", token: "{root}", body: `{"email": "bob"}`},
	{name: "change a user's password to a short one", operation: "PATCH /users/{bob}", token: "{root}", body: `{"password": "abc"}`},
	{name: "change a user's password", operation: "PATCH /users/{bob}", token: "{root}", body: `{"password": "bob has a second one"}`},
	{name: "change a user's flag to the wrong type", operation: "PATCH /users/{bob}", token: "{root}", body: `{"is_active": "perhaps"}`},
	{name: "verify a user", operation: "PATCH /users/{bob}", token: "{root}", body: `{"is_verified": true}`},
	{name: "sign in as the verified user", operation: "POST /auth/jwt/login", form: "username=bob%40example.com&password=bob+has+a+second+one", saveToken: "bob's token"},
	{name: "change your address", operation: "PATCH /users/me", token: "{bob's token}", body: `{"email": "robert@example.com", "current_password": "bob has a second one"}`},
	{name: "change a user's address", operation: "PATCH /users/{bob}", token: "{root}", body: `{"email": "bobby@example.com"}`},
	{name: "make a user a superuser", operation: "PATCH /users/{bob}", token: "{root}", body: `{"is_superuser": true, "is_verified": true}`},
	{name: "deactivate a user", operation: "PATCH /users/{bob}", token: "{root}", body: `{"is_active": false, "is_superuser": false}`},
	{name: "get yourself as a deactivated user", operation: "GET /users/me", token: "{bob's token}"},
	{name: "sign in as a deactivated user", operation: "POST /auth/jwt/login", form: "username=bobby%40example.com&password=bob+has+a+second+one"},
	{name: "delete a user", operation: "DELETE /users/{bob}", token: "{root}"},
	{name: "get a deleted user", operation: "GET /users/{bob}", token: "{root}"},
	{name: "delete a deleted user", operation: "DELETE /users/{bob}", token: "{root}"},

	{name: "sign out without a token", operation: "POST /auth/jwt/logout"},
	{name: "sign out with a token that is none", operation: "POST /auth/jwt/logout", token: "junk"},
	{name: "delete yourself", operation: "DELETE /users/me", token: "{token}"},
	{name: "sign out", operation: "POST /auth/jwt/logout", token: "{token}"},
	{name: "get yourself after signing out", operation: "GET /users/me", token: "{token}"},
	{name: "sign in with GET", operation: "GET /auth/jwt/login"},
	{name: "replace yourself with PUT", operation: "PUT /users/me", token: "{root}", body: `{}`},
}
