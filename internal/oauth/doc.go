// Package oauth answers the token endpoint: clients, scopes, grants, sessions and the claims of an
// access token (RFC 6749, RFC 9068).
//
// It decides and knows neither HTTP nor SQL nor JWT libraries: the interfaces it needs stand here,
// httpapi turns forms into its requests, the stores keep its sessions and clients, keyring signs.
// Who the user is and whether the password is right is account's matter.
package oauth
