package httpapi

import (
	"context"
	"strings"

	"github.com/latchkey-auth/latchkey/api"
)

// GetRevocations handles GET /revocations. A request that waits ends when the server shuts down.
func (s *Server) GetRevocations(ctx context.Context, r api.GetRevocationsRequestObject) (api.GetRevocationsResponseObject, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.serving, cancel)() //nolint:contextcheck // it ends what waits, and passes nothing on
	list, err := s.OAuth.Revocations(ctx, value(r.Params.After), value(duration(r.Params.Wait)))
	if err != nil {
		return nil, err
	}
	return api.GetRevocations200ApplicationjwtResponse{
		Headers: api.GetRevocations200ResponseHeaders{CacheControl: noStore}, Body: strings.NewReader(list), ContentLength: int64(len(list)),
	}, nil
}
