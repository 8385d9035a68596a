package httpapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	"github.com/latchkey-auth/latchkey/api"
)

const jwksCache = "public, max-age=300, stale-if-error=86400"

// GetJwks answers GET /.well-known/jwks.json from memory.
func (s *Server) GetJwks(context.Context, api.GetJwksRequestObject) (api.GetJwksResponseObject, error) {
	set := api.JwkSet{Keys: []api.Jwk{}}
	for _, k := range s.Keys.Keys() {
		set.Keys = append(set.Keys, api.Jwk{
			Kty: k.KeyType, Use: k.Use, Alg: k.Algorithm, Kid: k.ID,
			Crv: optional(k.Curve), X: optional(k.X), Y: optional(k.Y), N: optional(k.N), E: optional(k.E),
		})
	}
	text, err := json.Marshal(set)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	etag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	return api.GetJwks200JSONResponse{
		Headers: api.GetJwks200ResponseHeaders{CacheControl: jwksCache, ETag: etag}, Body: set,
	}, nil
}

// metadata is RFC 8414 §2. The issuer is configured and never taken from the request.
func (s *Server) metadata() api.AuthorizationServerMetadata {
	return api.AuthorizationServerMetadata{
		Issuer: s.Issuer, TokenEndpoint: s.Issuer + "/token", JwksUri: s.Issuer + "/.well-known/jwks.json",
		RevocationEndpoint: s.Issuer + "/revoke", IntrospectionEndpoint: s.Issuer + "/introspect",
		UserinfoEndpoint:                  s.Issuer + "/userinfo",
		GrantTypesSupported:               s.OAuth.GrantTypes(),
		TokenEndpointAuthMethodsSupported: []string{"client_secret_basic", "client_secret_post", "none"},
		ScopesSupported:                   s.scopes(),
		ServiceDocumentation:              s.Issuer + "/docs",
	}
}

// scopes are those that the contract names.
func (s *Server) scopes() []string {
	scheme := s.contract.Components.SecuritySchemes["oauth2Password"].Value
	return slices.Sorted(maps.Keys(scheme.Flows.Password.Scopes))
}

// GetAuthorizationServerMetadata answers GET /.well-known/oauth-authorization-server.
func (s *Server) GetAuthorizationServerMetadata(context.Context, api.GetAuthorizationServerMetadataRequestObject) (api.GetAuthorizationServerMetadataResponseObject, error) {
	return api.GetAuthorizationServerMetadata200JSONResponse(s.metadata()), nil
}

// GetOpenidConfiguration answers GET /.well-known/openid-configuration: the same, with the members
// that OpenID Connect libraries look for.
func (s *Server) GetOpenidConfiguration(context.Context, api.GetOpenidConfigurationRequestObject) (api.GetOpenidConfigurationResponseObject, error) {
	m := s.metadata()
	return api.GetOpenidConfiguration200JSONResponse{
		Issuer: m.Issuer, TokenEndpoint: m.TokenEndpoint, JwksUri: m.JwksUri,
		RevocationEndpoint: m.RevocationEndpoint, IntrospectionEndpoint: m.IntrospectionEndpoint,
		UserinfoEndpoint:                  m.UserinfoEndpoint,
		GrantTypesSupported:               m.GrantTypesSupported,
		TokenEndpointAuthMethodsSupported: m.TokenEndpointAuthMethodsSupported,
		ScopesSupported:                   m.ScopesSupported,
		ServiceDocumentation:              m.ServiceDocumentation,
		SubjectTypesSupported:             []string{"public"},
		IdTokenSigningAlgValuesSupported:  s.Keys.Algorithms(),
	}, nil
}

// GetContractJson answers GET /openapi.json.
func (s *Server) GetContractJson(context.Context, api.GetContractJsonRequestObject) (api.GetContractJsonResponseObject, error) { //nolint:revive // the generated name
	return contractJSON(s.json), nil
}

// contractJSON writes the contract byte for byte.
type contractJSON []byte

// VisitGetContractJsonResponse writes the answer.
func (j contractJSON) VisitGetContractJsonResponse(w http.ResponseWriter) error { //nolint:revive // the generated name
	w.Header().Set("Content-Type", "application/json")
	_, err := w.Write(j)
	return err
}

// GetContractYaml answers GET /openapi.yaml.
func (s *Server) GetContractYaml(context.Context, api.GetContractYamlRequestObject) (api.GetContractYamlResponseObject, error) {
	return api.GetContractYaml200ApplicationyamlResponse{Body: bytes.NewReader(api.YAML), ContentLength: int64(len(api.YAML))}, nil
}
