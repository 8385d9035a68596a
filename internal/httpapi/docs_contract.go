package httpapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"sync"

	"github.com/labstack/echo/v4"
)

// docsContractPath returns where Swagger UI finds the contract: /openapi.json, or one with the
// operations of the profiles if there are any.
func (s *Server) docsContractPath() string {
	if len(s.profiles) == 0 {
		return "/openapi.json"
	}
	return docsPath + "/openapi.json"
}

// serveDocsContract serves the contract that Swagger UI shows when profiles are on.
func (s *Server) serveDocsContract(e *echo.Echo) {
	if len(s.profiles) == 0 {
		return
	}
	merge := sync.OnceValues(s.docsContract)
	e.GET(docsPath+"/openapi.json", func(c echo.Context) error {
		merged, err := merge()
		if err != nil {
			return err
		}
		return c.JSONBlob(http.StatusOK, merged)
	})
}

// object is a JSON object.
type object = map[string]any

// docsContract returns the main contract with the tags and operations of the profiles.
func (s *Server) docsContract() ([]byte, error) {
	served, err := s.served()
	if err != nil {
		return nil, err
	}
	var merged object
	if err := json.Unmarshal(served.json, &merged); err != nil {
		return nil, err
	}
	for _, p := range s.profiles {
		var own object
		if err := json.Unmarshal(renameComponents(p.contractJSON, p.Name), &own); err != nil {
			return nil, fmt.Errorf("profile %s: %w", p.Name, err)
		}
		merged["tags"] = append(list(merged, "tags"), list(own, "tags")...)
		mergeComponents(member(merged, "components"), member(own, "components"), p.Name)
		mergePaths(member(merged, "paths"), member(own, "paths"), p.Name)
	}
	return served.inOrder(merged)
}

func member(o object, name string) object {
	value, _ := o[name].(object)
	return value
}

func list(o object, name string) []any {
	value, _ := o[name].([]any)
	return value
}

var componentRef = regexp.MustCompile(`"#/components/(\w+)/`)

// renameComponents puts the name of a profile before the names of the components that its contract
// refers to, so that they differ from those of the main contract.
func renameComponents(contract []byte, profile string) []byte {
	return componentRef.ReplaceAll(contract, []byte(`"#/components/${1}/`+profile+`.`))
}

// mergeComponents adds the components of a profile under the new names. A security scheme of the main
// contract stands for the one of that name in the profile, so that Authorize works for all operations.
func mergeComponents(merged, own object, profile string) {
	for kind := range own {
		if merged[kind] == nil {
			merged[kind] = object{}
		}
		all := member(merged, kind)
		for name, component := range member(own, kind) {
			switch {
			case kind != "securitySchemes":
				all[profile+"."+name] = component
			case all[name] == nil:
				all[name] = component
			}
		}
	}
}

// mergePaths adds the operations of a profile. Where it shares one with the main contract, the main
// operation stays and has both tags; where it takes its place, it replaces it. Operation ids get the
// name of the profile, because those of the main contract must differ.
func mergePaths(merged, own object, profile string) {
	for path, item := range own {
		methods, _ := item.(object)
		if merged[path] == nil {
			merged[path] = object{}
		}
		for method, value := range methods {
			op, isOperation := value.(object)
			if !isOperation { // the parameters of all operations of the path
				member(merged, path)[method] = value
				continue
			}
			op["operationId"] = fmt.Sprint(profile, "_", op["operationId"])
			if main := member(member(merged, path), method); main != nil && op["x-main-unless"] != nil {
				op, main = main, op
				op = maps.Clone(op)
				op["tags"] = append(list(op, "tags"), list(main, "tags")...)
			}
			member(merged, path)[method] = op
		}
	}
}
