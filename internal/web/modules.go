package web

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// importPattern matches a static import of a module by a relative URL.
var importPattern = regexp.MustCompile(`(?:from|import)\s*["'](\.{1,2}/[^"']+)["']`)

// pageModules returns, for each page, its main module and all that it imports, directly or not. The
// document names them, so that the browser does not find them one after the other.
func pageModules(files map[string][]byte) map[string][]string {
	pages := map[string][]string{}
	for name := range files {
		if page, found := strings.CutSuffix(name, "/main.js"); found {
			pages[page] = imported(files, name, nil)
		}
	}
	return pages
}

// imported returns seen, the module and all that it imports and that is not in seen.
func imported(files map[string][]byte, module string, seen []string) []string {
	if slices.Contains(seen, module) {
		return seen
	}
	seen = append(seen, module)
	for _, match := range importPattern.FindAllSubmatch(files[module], -1) {
		seen = imported(files, path.Join(path.Dir(module), string(match[1])), seen)
	}
	return seen
}
