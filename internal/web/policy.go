package web

import "strings"

// policy is the Content-Security-Policy of every page. It allows files of this service and requests to
// it, nothing inline and nothing from elsewhere, and no script that makes HTML out of text.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// Policy returns the Content-Security-Policy of a page; frames: one that shows other documents of this
// service in frames.
func Policy(frames bool) string {
	if frames {
		return strings.Replace(policy, "frame-ancestors", "frame-src 'self'; frame-ancestors", 1)
	}
	return policy
}
