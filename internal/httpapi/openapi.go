package httpapi

import (
	"bytes"
	"context"
	"net/http"

	"github.com/latchkey-auth/latchkey/api"
)

// GetContractJson handles GET /openapi.json.
func (s *Server) GetContractJson(context.Context, api.GetContractJsonRequestObject) (api.GetContractJsonResponseObject, error) { //nolint:revive // the generated name
	return rawContract(s.served.json), nil
}

// rawContract is the response with the contract as JSON. The generated response type would encode
// it anew.
type rawContract []byte

// VisitGetContractJsonResponse writes the response.
func (j rawContract) VisitGetContractJsonResponse(w http.ResponseWriter) error { //nolint:revive // the generated name
	w.Header().Set("Content-Type", "application/json")
	_, err := w.Write(j)
	return err
}

// GetContractYaml handles GET /openapi.yaml.
func (s *Server) GetContractYaml(context.Context, api.GetContractYamlRequestObject) (api.GetContractYamlResponseObject, error) {
	return api.GetContractYaml200ApplicationyamlResponse{Body: bytes.NewReader(s.served.yaml), ContentLength: int64(len(s.served.yaml))}, nil
}
