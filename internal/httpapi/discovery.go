package httpapi

import (
	"context"
	"slices"

	"github.com/latchkey-auth/latchkey/api"
)

// metadata returns the metadata of RFC 8414 §2. The issuer is configured, never taken from the
// request.
func (s *Server) metadata() api.AuthorizationServerMetadata {
	return api.AuthorizationServerMetadata{
		Issuer: s.Issuer, TokenEndpoint: s.Issuer + "/token", JwksUri: s.Issuer + "/.well-known/jwks.json",
		RevocationEndpoint: s.Issuer + "/revoke", IntrospectionEndpoint: s.Issuer + "/introspect",
		UserinfoEndpoint:                  s.Issuer + "/userinfo",
		GrantTypesSupported:               s.OAuth.GrantTypes(),
		TokenEndpointAuthMethodsSupported: []string{"client_secret_basic", "client_secret_post", "none"},
		ScopesSupported:                   s.main.scopes,
		ResponseTypesSupported:            []string{"none"},
		ServiceDocumentation:              s.Issuer + "/docs",
	}
}

// GetAuthorizationServerMetadata handles GET /.well-known/oauth-authorization-server.
func (s *Server) GetAuthorizationServerMetadata(context.Context, api.GetAuthorizationServerMetadataRequestObject) (api.GetAuthorizationServerMetadataResponseObject, error) {
	return api.GetAuthorizationServerMetadata200JSONResponse(s.metadata()), nil
}

// GetOpenidConfiguration handles GET /.well-known/openid-configuration: the same metadata, with
// the fields that OpenID Connect libraries require.
func (s *Server) GetOpenidConfiguration(context.Context, api.GetOpenidConfigurationRequestObject) (api.GetOpenidConfigurationResponseObject, error) {
	m := s.metadata()
	return api.GetOpenidConfiguration200JSONResponse{
		Issuer: m.Issuer, TokenEndpoint: m.TokenEndpoint, JwksUri: m.JwksUri,
		RevocationEndpoint: m.RevocationEndpoint, IntrospectionEndpoint: m.IntrospectionEndpoint,
		UserinfoEndpoint:                  m.UserinfoEndpoint,
		GrantTypesSupported:               m.GrantTypesSupported,
		TokenEndpointAuthMethodsSupported: m.TokenEndpointAuthMethodsSupported,
		ScopesSupported:                   m.ScopesSupported,
		ResponseTypesSupported:            m.ResponseTypesSupported,
		ServiceDocumentation:              m.ServiceDocumentation,
		SubjectTypesSupported:             []string{"public"},
		IdTokenSigningAlgValuesSupported:  idTokenAlgorithms(s.Keys.Algorithms()),
	}, nil
}

// idTokenAlgorithms returns the algorithms of access tokens, from which OpenID Connect libraries learn what
// to accept, and RS256, which OpenID Connect Discovery §3 requires in the list. No ID tokens are issued.
func idTokenAlgorithms(ofKeys []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(append(ofKeys, "RS256"))))
}
