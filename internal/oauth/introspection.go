package oauth

import (
	"context"
	"slices"
	"time"
)

// Introspection describes a token (RFC 7662 §2.2). The zero Introspection is inactive.
type Introspection struct {
	Active    bool
	TokenType string
	Username  string
	Subject   string
	ClientID  string
	SessionID string
	TokenID   string // jti
	Issuer    string
	Audience  []string
	Scopes    []string
	Roles     []string
	IssuedAt  time.Time
	ExpiresAt time.Time
}

// Introspect describes a token to the confidential client that it was issued to or whose audience it
// has. To other clients a token is inactive.
func (s *Service) Introspect(ctx context.Context, q TokenQuery) (Introspection, error) {
	if q.Token == "" {
		return Introspection{}, errTokenMissing
	}
	client, err := s.AuthenticateClient(ctx, q.Client, q.Caller.Address)
	if err != nil {
		return Introspection{}, err
	}
	if client.Public {
		return Introspection{}, errClient
	}
	t, found, err := s.inspect(ctx, q.Token)
	if err != nil || !found || !t.live {
		return Introspection{}, err
	}
	if t.claims.ID == "" {
		return s.aboutRefreshToken(client, t), nil
	}
	return s.aboutAccessToken(client, t), nil
}

func (s *Service) aboutRefreshToken(asker Client, t inspected) Introspection {
	if t.session.ClientID != asker.ID {
		return Introspection{}
	}
	return Introspection{
		Active: true, TokenType: "refresh_token", Username: t.user.Username, Subject: t.session.UserID,
		ClientID: t.session.ClientID, SessionID: t.session.ID, Issuer: s.settings.Issuer,
		Scopes: t.session.Scopes, IssuedAt: t.session.CreatedAt, ExpiresAt: t.session.Expires(),
	}
}

func (s *Service) aboutAccessToken(asker Client, t inspected) Introspection {
	c := narrow(t.claims, t.session, t.user)
	addressed := func(audience string) bool { return slices.Contains(s.audience(asker), audience) }
	if c.ClientID != asker.ID && !slices.ContainsFunc(c.Audience, addressed) {
		return Introspection{}
	}
	return Introspection{
		Active: true, TokenType: "Bearer", Username: t.user.Username, Subject: c.Subject, ClientID: c.ClientID,
		SessionID: c.SessionID, TokenID: c.ID, Issuer: c.Issuer, Audience: c.Audience,
		Scopes: c.Scopes, Roles: c.Roles, IssuedAt: c.IssuedAt, ExpiresAt: c.ExpiresAt,
	}
}
