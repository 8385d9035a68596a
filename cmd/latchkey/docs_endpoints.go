package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// endpoint is one row of the tables of endpoints.
type endpoint struct {
	method, path, summary, needs string
}

// endpointsReference has a table for each tag of the contract.
func endpointsReference(contract *openapi3.T) string {
	byTag := map[string][]endpoint{}
	for path, item := range contract.Paths.Map() {
		for method, op := range item.Operations() {
			tag := op.Tags[0]
			byTag[tag] = append(byTag[tag], endpoint{method, path, op.Summary, needs(op)})
		}
	}
	var out strings.Builder
	for _, tag := range contract.Tags {
		t := newMarkdownTable("Endpoint", "What it does", "Needs")
		slices.SortFunc(byTag[tag.Name], byPath)
		for _, e := range byTag[tag.Name] {
			t.row(code(e.method+" "+e.path), prose(e.summary), e.needs)
		}
		fmt.Fprintf(&out, "### %s\n\n%s\n\n%s\n", heading(tag.Name), sentence(tag.Description), t.String())
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// byPath orders endpoints by path, and those of one path as they are used: read, create, change, delete.
func byPath(a, b endpoint) int {
	methods := []string{"GET", "POST", "PUT", "PATCH", "DELETE"}
	return cmp.Or(strings.Compare(a.path, b.path), slices.Index(methods, a.method)-slices.Index(methods, b.method))
}

// needs is what a caller must have, as the contract demands.
func needs(op *openapi3.Operation) string {
	if authenticatesInForm(op) {
		return "a client"
	}
	if op.Security == nil || len(*op.Security) == 0 {
		if slices.Contains(op.Tags, "browser") {
			return "an allowed origin"
		}
		return "nothing"
	}
	var all []string
	for _, alternative := range *op.Security {
		if _, ok := alternative["clientBasic"]; ok {
			return "a client"
		}
		for _, scope := range alternative["oauth2Password"] {
			all = append(all, "scope "+code(scope))
		}
	}
	if roles, ok := op.Extensions["x-required-roles"].([]any); ok {
		names := make([]string, len(roles))
		for i, role := range roles {
			names[i] = fmt.Sprint(role)
		}
		all = append(all, strings.Join(names, " or "))
	}
	if len(all) == 0 {
		return "an access token"
	}
	return strings.Join(all, ", ")
}

// authenticatesInForm reports whether a client can authenticate in the body. These operations declare no
// security: generators take an optional scheme for a required one.
func authenticatesInForm(op *openapi3.Operation) bool {
	if op.RequestBody == nil {
		return false
	}
	form := op.RequestBody.Value.Content.Get("application/x-www-form-urlencoded")
	return form != nil && form.Schema.Value.Properties["client_secret"] != nil
}

// heading is a tag as a title.
func heading(tag string) string {
	if tag == "oauth" {
		return "OAuth"
	}
	return strings.ToUpper(tag[:1]) + tag[1:]
}

// sentence ends a description with a full stop.
func sentence(text string) string {
	return prose(strings.TrimSuffix(strings.TrimSpace(text), ".")) + "."
}
