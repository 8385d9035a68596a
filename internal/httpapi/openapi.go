package httpapi

import (
	"bytes"
	"context"
	"net/http"

	"github.com/latchkey-auth/latchkey/api"
)

// GetContractJson handles GET /openapi.json.
func (s *Server) GetContractJson(context.Context, api.GetContractJsonRequestObject) (api.GetContractJsonResponseObject, error) { //nolint:revive // the generated name
	served, err := s.served()
	return rawContract(served.json), err
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
	served, err := s.served()
	return api.GetContractYaml200ApplicationyamlResponse{Body: bytes.NewReader(served.yaml), ContentLength: int64(len(served.yaml))}, err
}

// GetContract31Json handles GET /openapi-3.1.json.
func (s *Server) GetContract31Json(context.Context, api.GetContract31JsonRequestObject) (api.GetContract31JsonResponseObject, error) {
	served, err := s.served()
	return rawContract(served.json31), err
}

// VisitGetContract31JsonResponse writes the response.
func (j rawContract) VisitGetContract31JsonResponse(w http.ResponseWriter) error {
	return j.VisitGetContractJsonResponse(w)
}
