package httpapi

import (
	"context"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

const (
	noStore    = "no-store" // RFC 6749 §5.1
	noCache    = "no-cache"
	bearerType = "Bearer" // RFC 6750 §6.1.1
)

// IssueToken answers POST /token (RFC 6749 §4.3, §4.4, §6).
func (s *Server) IssueToken(ctx context.Context, r api.IssueTokenRequestObject) (api.IssueTokenResponseObject, error) {
	token, err := s.OAuth.Token(ctx, oauth.TokenRequest{
		GrantType:    r.Body.GrantType,
		Username:     value(r.Body.Username),
		Password:     value(r.Body.Password),
		RefreshToken: value(r.Body.RefreshToken),
		Scope:        value(r.Body.Scope),
		Client:       credentials(ctx),
		Caller:       caller(ctx),
	})
	if err != nil {
		return nil, err
	}
	return api.IssueToken200JSONResponse{
		Headers: api.IssueToken200ResponseHeaders{CacheControl: noStore, Pragma: noCache},
		Body: api.TokenResponse{
			AccessToken: token.AccessToken, TokenType: bearerType, ExpiresIn: seconds(token.ExpiresIn),
			RefreshToken:          optional(token.RefreshToken),
			RefreshTokenExpiresIn: optional(seconds(token.RefreshExpiresIn)),
			Scope:                 token.Scope,
		},
	}, nil
}

// RevokeToken answers POST /revoke (RFC 7009).
func (s *Server) RevokeToken(ctx context.Context, r api.RevokeTokenRequestObject) (api.RevokeTokenResponseObject, error) {
	err := s.OAuth.Revoke(ctx, oauth.TokenQuery{Token: r.Body.Token, Client: credentials(ctx), Caller: caller(ctx)})
	if err != nil {
		return nil, err
	}
	return api.RevokeToken200JSONResponse{
		Headers: api.RevokeToken200ResponseHeaders{CacheControl: noStore, Pragma: noCache}, Body: api.Empty{},
	}, nil
}

// IntrospectToken answers POST /introspect (RFC 7662).
func (s *Server) IntrospectToken(ctx context.Context, r api.IntrospectTokenRequestObject) (api.IntrospectTokenResponseObject, error) {
	found, err := s.OAuth.Introspect(ctx, oauth.TokenQuery{Token: r.Body.Token, Client: credentials(ctx), Caller: caller(ctx)})
	if err != nil {
		return nil, err
	}
	return api.IntrospectToken200JSONResponse{
		Headers: api.IntrospectToken200ResponseHeaders{CacheControl: noStore, Pragma: noCache},
		Body:    apiIntrospection(found),
	}, nil
}

// apiIntrospection says nothing but active: false of what is not.
func apiIntrospection(i oauth.Introspection) api.Introspection {
	if !i.Active {
		return api.Introspection{}
	}
	return api.Introspection{
		Active: true, TokenType: optional(i.TokenType), Username: optional(i.Username), Sub: optional(i.Subject),
		ClientId: optional(i.ClientID), Sid: optional(i.SessionID), Jti: optional(i.TokenID), Iss: optional(i.Issuer),
		Aud: optionalList(i.Audience), Scope: optional(strings.Join(i.Scopes, " ")), Roles: optionalList(i.Roles),
		Iat: optional(int(i.IssuedAt.Unix())), Exp: optional(int(i.ExpiresAt.Unix())),
	}
}

// GetUserinfo answers GET /userinfo (OpenID Connect Core §5.3).
func (s *Server) GetUserinfo(ctx context.Context, _ api.GetUserinfoRequestObject) (api.GetUserinfoResponseObject, error) {
	return api.GetUserinfo200JSONResponse(userinfo(principal(ctx))), nil
}

// PostUserinfo answers POST /userinfo.
func (s *Server) PostUserinfo(ctx context.Context, _ api.PostUserinfoRequestObject) (api.PostUserinfoResponseObject, error) {
	return api.PostUserinfo200JSONResponse(userinfo(principal(ctx))), nil
}

func userinfo(p oauth.Principal) api.Userinfo {
	return api.Userinfo{
		Sub: p.Claims.Subject, PreferredUsername: p.User.Username, Email: p.User.Email, EmailVerified: p.User.EmailVerified,
		Name: optional(p.User.Name), Picture: optional(p.User.Picture), Roles: p.User.Roles,
	}
}

func seconds(d time.Duration) int { return int(d.Seconds()) }

// value gives what a pointer points to, or the zero value.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// optional gives a pointer, or nil for the zero value, which is then left out.
func optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// optionalList gives a pointer, or nil for an empty list, which is then left out.
func optionalList(list []string) *[]string {
	if len(list) == 0 {
		return nil
	}
	return &list
}
