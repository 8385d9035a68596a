package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/keyring"
)

var jwksCacheControl = fmt.Sprintf("public, max-age=%d, stale-if-error=86400", seconds(keyring.CacheAge))

// GetJwks handles GET /.well-known/jwks.json (RFC 7517). The keys are in memory: the database is not
// used.
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
		Headers: api.GetJwks200ResponseHeaders{CacheControl: jwksCacheControl, ETag: etag}, Body: set,
	}, nil
}
