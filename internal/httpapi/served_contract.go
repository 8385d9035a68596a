package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/latchkey-auth/latchkey/api"
)

// contractTexts are the main contract as it is served: with the addresses of this service, and in the
// order of openapi.yaml, in which Swagger UI shows the operations.
type contractTexts struct {
	yaml, json []byte
	json31     []byte     // as OpenAPI 3.1, which differs in the version and has a place for webhooks
	order      *yaml.Node // openapi.yaml, for the order of members
}

func serveable(issuer string) (contractTexts, error) {
	text := contractTexts{yaml: absoluteURLs(api.YAML, issuer), order: &yaml.Node{}}
	var document object
	if err := yaml.Unmarshal(text.yaml, text.order); err != nil {
		return text, fmt.Errorf("contract: %w", err)
	}
	if err := text.order.Decode(&document); err != nil {
		return text, fmt.Errorf("contract: %w", err)
	}
	addCodeSamples(document, text.order.Content[0], issuer)
	var err error
	if text.json, err = text.inOrder(document); err != nil {
		return text, err
	}
	document["openapi"], document["webhooks"] = "3.1.0", document["x-webhooks"]
	delete(document, "x-webhooks")
	text.json31, err = text.inOrder(document)
	return text, err
}

var (
	serverURL = regexp.MustCompile(`(?m)^(  - url: |.*"servers":\[\{"url":")/("|$)`)
	flowURL   = regexp.MustCompile(`(?m)((?:^ +|")(?:tokenUrl|refreshUrl)"?: *"?)/`)
)

// absoluteURLs puts the issuer before the URLs of a contract, YAML or compact JSON. A tool on another
// origin would resolve them against its own and post the password there.
func absoluteURLs(contract []byte, issuer string) []byte {
	contract = serverURL.ReplaceAll(contract, []byte("${1}"+issuer+"${2}"))
	return flowURL.ReplaceAll(contract, []byte("${1}"+issuer+"/"))
}

// inOrder returns a contract as JSON, with the members in the order of openapi.yaml. Members that it does
// not have come after the others.
func (t contractTexts) inOrder(contract object) ([]byte, error) {
	var out bytes.Buffer
	err := writeInOrder(&out, contract, t.order.Content[0])
	return out.Bytes(), err
}

// writeInOrder writes a value whose members are ordered like those of a YAML node. like may be nil.
func writeInOrder(out *bytes.Buffer, value any, like *yaml.Node) error {
	switch value := value.(type) {
	case object:
		return writeObject(out, value, like)
	case []any:
		separator := "["
		for i, item := range value {
			out.WriteString(separator)
			if err := writeInOrder(out, item, itemOf(like, i)); err != nil {
				return err
			}
			separator = ","
		}
		if len(value) == 0 {
			out.WriteString("[")
		}
		out.WriteString("]")
		return nil
	default:
		text, err := json.Marshal(value)
		out.Write(text)
		return err
	}
}

func writeObject(out *bytes.Buffer, value object, like *yaml.Node) error {
	names, nodes := membersOf(like)
	for _, name := range slices.Sorted(maps.Keys(value)) {
		if _, ordered := nodes[name]; !ordered {
			names = append(names, name)
		}
	}
	out.WriteString("{")
	first := true
	for _, name := range names {
		member, found := value[name]
		if !found {
			continue
		}
		if !first {
			out.WriteString(",")
		}
		first = false
		key, err := json.Marshal(name)
		if err != nil {
			return err
		}
		out.Write(append(key, ':'))
		if err := writeInOrder(out, member, nodes[name]); err != nil {
			return err
		}
	}
	out.WriteString("}")
	return nil
}

// membersOf returns the names of the members of a mapping, in its order, and the members.
func membersOf(node *yaml.Node) (names []string, members map[string]*yaml.Node) {
	members = map[string]*yaml.Node{}
	if node == nil || node.Kind != yaml.MappingNode {
		return nil, members
	}
	for i := 0; i < len(node.Content); i += 2 {
		name := node.Content[i].Value
		names, members[name] = append(names, name), node.Content[i+1]
	}
	return names, members
}

func itemOf(node *yaml.Node, i int) *yaml.Node {
	if node == nil || node.Kind != yaml.SequenceNode || i >= len(node.Content) {
		return nil
	}
	return node.Content[i]
}
