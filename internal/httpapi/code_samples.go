package httpapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// addCodeSamples adds x-codeSamples to each operation of a contract: requests that can be copied, in four
// languages, with the first example of the body. The variable TOKEN stands for an access token.
func addCodeSamples(contract object, order *yaml.Node, issuer string) {
	for path, item := range member(contract, "paths") {
		methods, _ := item.(object)
		for method, value := range methods {
			if op, isOperation := value.(object); isOperation {
				s := sample{method: strings.ToUpper(method), url: issuer + exampleParameter.ReplaceAllStringFunc(path, exampleID)}
				s.readOperation(op, descend(order, "paths", path, method))
				op["x-codeSamples"] = s.inAllLanguages()
			}
		}
	}
}

var exampleParameter = regexp.MustCompile(`\{\w+\}`)

// exampleID returns what stands for a path parameter in an example.
func exampleID(parameter string) string {
	switch parameter {
	case "{role}", "{name}":
		return "ROLE_EDITOR"
	default:
		return "5f0c6c1e-9b0e-4a3e-8a64-0d7b8c7f3a11"
	}
}

// sample is a request.
type sample struct {
	method, url string
	token       bool
	json        string   // body; empty if there is none
	form        []string // names and values in turn; nil if there is no form
}

func (s *sample) readOperation(op object, order *yaml.Node) {
	for _, alternative := range list(op, "security") {
		if scheme, _ := alternative.(object); scheme["bearerAuth"] != nil {
			s.token = true
		}
	}
	content := member(member(op, "requestBody"), "content")
	if media := member(content, "application/json"); media != nil {
		body, err := json.MarshalIndent(firstExample(media, descend(order, "requestBody", "content", "application/json")), "", "  ")
		if err == nil {
			s.json = string(body)
		}
	}
	if media := member(content, formType); media != nil {
		form, _ := firstExample(media, descend(order, "requestBody", "content", formType)).(object)
		for _, name := range slices.Sorted(maps.Keys(form)) {
			s.form = append(s.form, name, fmt.Sprint(form[name]))
		}
	}
}

// firstExample returns the value of the first example of a media type.
func firstExample(media object, order *yaml.Node) any {
	names, _ := membersOf(descend(order, "examples"))
	if len(names) == 0 {
		return nil
	}
	return member(member(media, "examples"), names[0])["value"]
}

// descend returns the member of a member of a mapping, or nil.
func descend(node *yaml.Node, names ...string) *yaml.Node {
	for _, name := range names {
		_, members := membersOf(node)
		node = members[name]
	}
	return node
}

func (s sample) inAllLanguages() []any {
	var all []any
	for _, language := range []struct{ lang, label, source string }{
		{"Shell", "curl", s.curl()}, {"JavaScript", "JavaScript", s.javaScript()},
		{"Python", "Python", s.python()}, {"Go", "Go", s.goSource()},
	} {
		all = append(all, object{"lang": language.lang, "label": language.label, "source": language.source})
	}
	return all
}

func (s sample) curl() string {
	line := "curl"
	if s.method != http.MethodGet && (s.method != http.MethodPost || s.json == "" && s.form == nil) {
		line += " -X " + s.method
	}
	lines := []string{line + " " + s.url}
	if s.token {
		lines = append(lines, `-H "Authorization: Bearer $TOKEN"`)
	}
	if s.json != "" {
		lines = append(lines, "-H 'Content-Type: application/json'", "-d '"+strings.ReplaceAll(s.json, "'", `'\''`)+"'")
	}
	for i := 0; i < len(s.form); i += 2 {
		lines = append(lines, "--data-urlencode '"+s.form[i]+"="+s.form[i+1]+"'")
	}
	return strings.Join(lines, " \\\n  ") + "\n"
}

func (s sample) javaScript() string {
	var out strings.Builder
	fmt.Fprintf(&out, "const response = await fetch(%q, {\n  method: %q,\n", s.url, s.method)
	var headers []string
	if s.token {
		headers = append(headers, "Authorization: `Bearer ${process.env.TOKEN}`")
	}
	if s.json != "" {
		headers = append(headers, `"Content-Type": "application/json"`)
	}
	if len(headers) > 0 {
		fmt.Fprintf(&out, "  headers: { %s },\n", strings.Join(headers, ", "))
	}
	switch {
	case s.json != "":
		fmt.Fprintf(&out, "  body: JSON.stringify(%s),\n", indent(s.json, "  "))
	case s.form != nil:
		fmt.Fprintf(&out, "  body: new URLSearchParams(%s),\n", s.formObject())
	}
	out.WriteString("});\nconsole.log(response.status, await response.text());\n")
	return out.String()
}

func (s sample) python() string {
	arguments := []string{fmt.Sprintf("%q", s.method), fmt.Sprintf("%q", s.url)}
	imports := "import httpx\n"
	if s.token {
		imports = "import os\n\nimport httpx\n"
		arguments = append(arguments, `headers={"Authorization": f"Bearer {os.environ['TOKEN']}"}`)
	}
	switch {
	case s.json != "":
		literals := strings.NewReplacer(": true", ": True", ": false", ": False", ": null", ": None")
		arguments = append(arguments, "json="+indent(literals.Replace(s.json), "    "))
	case s.form != nil:
		arguments = append(arguments, "data="+s.formObject())
	}
	return imports + "\nresponse = httpx.request(\n    " + strings.Join(arguments, ",\n    ") +
		",\n)\nprint(response.status_code, response.text)\n"
}

func (s sample) goSource() string {
	var out strings.Builder
	body, headers := "nil", ""
	switch {
	case s.json != "":
		body, headers = "strings.NewReader(`"+s.json+"`)", "request.Header.Set(\"Content-Type\", \"application/json\")\n"
	case s.form != nil:
		form := url.Values{}
		for i := 0; i < len(s.form); i += 2 {
			form.Set(s.form[i], s.form[i+1])
		}
		body, headers = fmt.Sprintf("strings.NewReader(%q)", form.Encode()), fmt.Sprintf("request.Header.Set(\"Content-Type\", %q)\n", formType)
	}
	if s.token {
		headers += "request.Header.Set(\"Authorization\", \"Bearer \"+os.Getenv(\"TOKEN\"))\n"
	}
	fmt.Fprintf(&out, "request, err := http.NewRequestWithContext(ctx, %q, %q, %s)\nif err != nil {\n\treturn err\n}\n%s", s.method, s.url, body, headers)
	out.WriteString("response, err := http.DefaultClient.Do(request)\nif err != nil {\n\treturn err\n}\ndefer response.Body.Close()\n" +
		"text, err := io.ReadAll(response.Body)\nfmt.Println(response.StatusCode, string(text))\nreturn err\n")
	return out.String()
}

// formObject returns the form as an object of JavaScript, which is a dictionary of Python as well.
func (s sample) formObject() string {
	var members []string
	for i := 0; i < len(s.form); i += 2 {
		members = append(members, fmt.Sprintf("%q: %q", s.form[i], s.form[i+1]))
	}
	return "{" + strings.Join(members, ", ") + "}"
}

func indent(text, by string) string { return strings.ReplaceAll(text, "\n", "\n"+by) }
