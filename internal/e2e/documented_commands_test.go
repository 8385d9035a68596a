package e2e

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// pageTime bounds the commands of a page. Those of the README build the program.
const pageTime = 5 * time.Minute

// TestDocumentedCommands runs the shell commands of the documentation: the blocks marked sh of each page,
// in order, in an empty directory. A development service runs in it unless the page starts one. Every
// request must succeed, except those with a comment such as "# 403".
func TestDocumentedCommands(t *testing.T) {
	t.Parallel()
	blocks := 0
	for _, name := range documentationPages(t) {
		page, err := os.ReadFile("../../" + name)
		require.NoError(t, err)
		found := shellBlocks(string(page))
		blocks += len(found)
		if len(found) == 0 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runBlocks(t, found)
		})
	}
	require.Greater(t, blocks, 40, "blocks of shell commands in the documentation")
}

// TestDocumentedPagesInOrder runs the same commands as one reader does who keeps to the order of the README:
// in one directory, with one service.
func TestDocumentedPagesInOrder(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	blocks := []string{"make() { ln -s \"$(command -v latchkey)\" .; }\n"} // of make build, whose result is ./latchkey
	for _, link := range listedPage.FindAllStringSubmatch(string(readme), -1) {
		page, err := os.ReadFile("../../" + link[1])
		require.NoError(t, err)
		for _, block := range shellBlocks(string(page)) {
			if !startsService.MatchString(block) {
				blocks = append(blocks, block)
			}
		}
	}
	require.Greater(t, len(blocks), 30)
	runBlocks(t, blocks)
}

// listedPage is a page in the list of the README.
var listedPage = regexp.MustCompile(`(?m)^\* \[[^]]+\]\(([a-zA-Z/-]+\.md)\)`)

// documentationPages returns the pages, relative to the root of the repository.
func documentationPages(t *testing.T) []string {
	t.Helper()
	root := os.DirFS("../..")
	names, err := fs.Glob(root, "*.md")
	require.NoError(t, err)
	for _, pattern := range []string{"docs/*.md", "docs/*/*.md", "examples/*.md", "examples/*/*.md", "deploy/*.md"} {
		more, err := fs.Glob(root, pattern)
		require.NoError(t, err)
		names = append(names, more...)
	}
	return names
}

var shellBlock = regexp.MustCompile("(?ms)^( *)```sh\n(.*?)\n *```$")

// shellBlocks returns the blocks of a page that are marked sh.
func shellBlocks(page string) []string {
	var all []string
	for _, match := range shellBlock.FindAllStringSubmatch(page, -1) {
		all = append(all, strings.ReplaceAll("\n"+match[2]+"\n", "\n"+match[1], "\n"))
	}
	return all
}

func TestShellBlocks(t *testing.T) {
	t.Parallel()
	page := "text\n```sh\na\nb\n```\n\n1. x\n\n   ```sh\n   c\n   ```\n\n```console\n$ d\n```\n"
	require.Equal(t, []string{"\na\nb\n", "\nc\n"}, shellBlocks(page))
	require.Equal(t, "wants 403 curl x\n", rewrite("curl x # 403\n"))
	require.Equal(t, "serves A=b latchkey serve\n", rewrite("A=b latchkey serve\n"))
	require.Equal(t, "serves make run\n", rewrite("make run\n"))
}

// helpers are the functions that the script of a page uses. wants runs a command in which a request is to
// fail with a status; serves starts a service in the background and waits until it responds. git copies
// this tree instead of cloning it.
const helpers = `
set -euo pipefail
curl() {
	local body code
	body=$(mktemp)
	code=$(command curl --silent --show-error --output "$body" --write-out '%{http_code}' "$@")
	cat "$body"
	if [ -n "${WANT:-}" ]; then [ "$code" = "$WANT" ]; else [ "$code" -lt 400 ]; fi || { echo "HTTP $code: curl $*" >&2; return 1; }
}
wants() { local WANT=$1; shift; "$@"; }
serves() {
	if [ -n "${SERVICE:-}" ]; then kill -- "$SERVICE"; wait "$SERVICE" || true; fi
	env "$@" >>"$LOG" 2>&1 </dev/null &
	SERVICE=$!
	until command curl --silent --output /dev/null "http://$LATCHKEY_LISTEN/healthz"; do
		kill -0 "$SERVICE" || { cat "$LOG" >&2; return 1; }
		sleep 0.1
	done
}
git() {
	[ "$1" = clone ]
	mkdir latchkey
	(cd "$ROOT" && command git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$OLDPWD/latchkey")
}
`

var (
	expectedStatus = regexp.MustCompile(`(?m)^(.*\S) +# (4\d\d)$`)
	startsService  = regexp.MustCompile(`(?m)^((?:\w+=\S+ )*latchkey serve\b.*|make run\b.*)$`)
)

// rewrite replaces what the helpers do otherwise.
func rewrite(block string) string {
	block = expectedStatus.ReplaceAllString(block, "wants $2 $1")
	return startsService.ReplaceAllString(block, "serves $1")
}

// runBlocks runs the blocks of a page in one shell.
func runBlocks(t *testing.T, blocks []string) {
	t.Helper()
	address := freeAddress(t)
	var script strings.Builder
	script.WriteString(helpers)
	if !startsService.MatchString(strings.Join(blocks, "\n")) {
		script.WriteString("serves latchkey serve --dev\n")
	}
	for i, block := range blocks {
		fmt.Fprintf(&script, "echo 'block %d' >&2\n%s", i+1, rewrite(block))
	}
	text := strings.NewReplacer("localhost:8080", strings.Replace(address, "127.0.0.1", "localhost", 1),
		"127.0.0.1:9090", freeAddress(t)).Replace(script.String())
	out, err := runScript(t, text, address)
	require.NoError(t, err, "%s", out)
}

// runScript runs a script with bash in an empty directory, in which services listen on address. It ends
// all processes that the script has started.
func runScript(t *testing.T, script, address string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), pageTime)
	defer cancel()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	log := filepath.Join(t.TempDir(), "service.log")
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	cmd.Dir = t.TempDir()
	cmd.Env = []string{
		"PATH=" + filepath.Dir(binary) + ":" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "ROOT=" + root, "LOG=" + log,
		"LATCHKEY_LISTEN=" + address,
		"GOFLAGS=-buildvcs=false -trimpath", // so that the second copy finds built what the first has
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	end := func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Cancel = end
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	if cmd.Process != nil {
		_ = end() // the services in the background
	}
	return out.String(), err
}
