// Package docs_test checks the documentation: every relative link leads somewhere.
package docs_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const root = ".."

// pages returns all pages, relative to the root of the repository.
func pages(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", "examples/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		for _, page := range found {
			name, err := filepath.Rel(root, page)
			require.NoError(t, err)
			all = append(all, name)
		}
	}
	require.Contains(t, all, "README.md")
	return all
}

func read(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, page))
	require.NoError(t, err)
	return string(text)
}

func TestLinks(t *testing.T) {
	t.Parallel()
	for _, page := range pages(t) {
		for _, link := range links(read(t, page)) {
			require.NoError(t, check(page, link), "%s links to %s", page, link)
		}
	}
}

// Every file of the repository that a page names exists.
func TestNamedFilesExist(t *testing.T) {
	t.Parallel()
	named := regexp.MustCompile("`((?:api|cmd|docs|internal|migrations)/[a-z0-9_./]+)`")
	for _, page := range pages(t) {
		for _, match := range named.FindAllStringSubmatch(read(t, page), -1) {
			_, err := os.Stat(filepath.Join(root, match[1]))
			require.NoError(t, err, page)
		}
	}
}

// Every page can be reached from the README, those in directories by way of their index.
func TestEveryPageIsListed(t *testing.T) {
	t.Parallel()
	listed := map[string]bool{"README.md": true}
	for _, link := range links(read(t, "README.md")) {
		listed[filepath.Clean(link)] = true
	}
	for _, dir := range []string{"docs/apis/", "docs/clients/", "docs/moving/", "docs/performance/"} {
		for _, link := range links(read(t, dir+"README.md")) {
			listed[filepath.Clean(dir+link)] = true
		}
	}
	for _, page := range pages(t) {
		require.True(t, listed[page], "README.md does not link to %s", page)
	}
}

func TestReadmeIsShort(t *testing.T) {
	t.Parallel()
	require.LessOrEqual(t, strings.Count(read(t, "README.md"), "\n"), 250)
}

// TestBrokenLinks proves that a broken link does not pass.
func TestBrokenLinks(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, check("README.md", "docs/nowhere.md"), "no such file")
	require.ErrorContains(t, check("README.md", "docs/settings.md#nothing"), "no heading")
	require.ErrorContains(t, check("docs/settings.md", "#nothing"), "no heading")
	require.ErrorContains(t, check("docs/settings.md", "../../outside"), "outside")
	require.NoError(t, check("docs/settings.md", "../README.md"))
	require.NoError(t, check("docs/settings.md", "#settings"))
}

func TestAnchors(t *testing.T) {
	t.Parallel()
	page := "# A `POST /token`, twice\n\n## Same\n\n## Same\n\n```sh\n# no heading\n```\n\n### [Link](x.md) & rest\n"
	require.Equal(t, map[string]bool{"a-post-token-twice": true, "same": true, "same-1": true, "link--rest": true}, anchors(page))
}

var (
	fenced   = regexp.MustCompile("(?s)\n```.*?\n```")
	inline   = regexp.MustCompile("`[^`\n]*`")
	target   = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading  = regexp.MustCompile(`(?m)^#{1,6} +(.+?) *$`)
	linkText = regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)
)

// links returns the targets of all relative links and images of a page.
func links(text string) []string {
	text = inline.ReplaceAllString(fenced.ReplaceAllString("\n"+text, ""), "code")
	var all []string
	for _, match := range target.FindAllStringSubmatch(text, -1) {
		if u, err := url.Parse(match[1]); err != nil || u.Scheme == "" {
			all = append(all, match[1])
		}
	}
	return all
}

// check reports where a link leads to nothing.
func check(page, link string) error {
	path, fragment, _ := strings.Cut(link, "#")
	file := page
	if path != "" {
		file = filepath.Join(filepath.Dir(page), path)
	}
	if !filepath.IsLocal(file) {
		return fmt.Errorf("%s is outside of the repository", file)
	}
	if fragment == "" {
		_, err := os.Stat(filepath.Join(root, file))
		return err
	}
	text, err := os.ReadFile(filepath.Join(root, file))
	if err == nil && !anchors(string(text))[fragment] {
		err = fmt.Errorf("no heading #%s in %s", fragment, file)
	}
	return err
}

// anchors returns the ids that GitHub gives to the headings of a page.
func anchors(text string) map[string]bool {
	all := map[string]bool{}
	for _, match := range heading.FindAllStringSubmatch(fenced.ReplaceAllString("\n"+text, ""), -1) {
		id := slug(match[1])
		for n := 1; all[id]; n++ {
			id = fmt.Sprintf("%s-%d", slug(match[1]), n)
		}
		all[id] = true
	}
	return all
}

// slug turns a heading into an id: lower case, spaces as hyphens, without punctuation.
func slug(title string) string {
	title = linkText.ReplaceAllString(title, "$1")
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '-':
			return '-'
		case r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		default:
			return -1
		}
	}, title)
}

// The configurations in docs/apis that no test runs are at least valid.
func TestConfigurationsOfAPIs(t *testing.T) {
	t.Parallel()
	for page, language := range map[string]string{"spring-boot": "yaml", "dotnet": "json"} {
		_, rest, found := strings.Cut(read(t, "docs/apis/"+page+".md"), "\n```"+language+"\n")
		require.True(t, found, page)
		block, _, _ := strings.Cut(rest, "\n```\n")
		var value any
		require.NoError(t, yaml.Unmarshal([]byte(block), &value), "%s: JSON is YAML, too", page)
		require.NotEmpty(t, value, page)
	}
}
