package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// pageTimeout bounds everything done in one tab, on a busy machine.
const pageTimeout = 90 * time.Second

// sharedBrowser is the Chromium that `make test` has found, with an empty profile. The first test that needs it starts
// it, and TestMain stops it. Tests share no more than the program: every tab has a storage of its own.
var sharedBrowser struct {
	start sync.Once
	ctx   context.Context
	err   error
	stop  func() // nil: it has not been started
}

// startBrowser returns a context of the browser, in which tabs can be opened.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	path := os.Getenv("CHROMIUM")
	if path == "" {
		t.Fatal("CHROMIUM is not set: run the tests with `make test`, which finds or installs Chromium")
	}
	sharedBrowser.start.Do(func() {
		allocator, stop := chromedp.NewExecAllocator(context.Background(),
			chromedp.ExecPath(path), chromedp.Headless, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
			chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
			chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
			chromedp.Flag("disable-dev-shm-usage", true), // /dev/shm is too small in containers
		)
		ctx, cancel := chromedp.NewContext(allocator, chromedp.WithErrorf(func(format string, values ...any) {
			fmt.Fprintf(os.Stderr, "browser: "+format+"\n", values...)
		}))
		sharedBrowser.ctx, sharedBrowser.err = ctx, chromedp.Do(ctx)
		sharedBrowser.stop = func() { cancel(); stop() }
	})
	require.NoError(t, sharedBrowser.err, "the browser did not start")
	return sharedBrowser.ctx
}

// page is a tab with its own storage. It records what happens in it.
type page struct {
	t   *testing.T
	ctx context.Context

	mu     sync.Mutex
	record record
}

// record is what has happened in a tab.
type record struct {
	requests      []*network.Request
	responses     []*network.Response
	consoleErrors []string // without those for responses of 4xx and 5xx
	challenges    []string // URLs for which the browser would open its own password dialog
}

// openSwaggerUI opens a page that shows Swagger UI.
func openSwaggerUI(browser context.Context, t *testing.T, address string) *page {
	t.Helper()
	return openTab(browser, t, address, ".opblock")
}

// openTab opens a URL in a new tab and waits for an element, by CSS selector.
func openTab(browser context.Context, t *testing.T, address, element string) *page {
	t.Helper()
	p := &page{t: t}
	tab, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(p.observe))
	t.Cleanup(cancel)
	ctx, cancelTimeout := context.WithTimeout(tab, pageTimeout)
	t.Cleanup(cancelTimeout)
	p.ctx = ctx
	p.do(chromedp.EmulateViewport(1000, 1000), chromedp.Navigate(address), chromedp.WaitVisible(chromedp.CSS(element)))
	return p
}

// do performs steps in order. A failing step ends the test.
func (p *page) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	for i, step := range steps {
		require.NoError(p.t, chromedp.Do(p.ctx, step), "step %d", i+1)
	}
}

// text returns the text of the first visible element of a CSS selector.
func (p *page) text(selector string) string {
	p.t.Helper()
	text, err := chromedp.Run(p.ctx, chromedp.Text(chromedp.CSS(selector), chromedp.NodeVisible))
	require.NoError(p.t, err, selector)
	return text
}

// observe records an event of the tab. The browser calls it in the order of events.
func (p *page) observe(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		p.record.requests = append(p.record.requests, e.Request)
	case *network.EventResponseReceived:
		p.record.responses = append(p.record.responses, e.Response)
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		p.record.consoleErrors = append(p.record.consoleErrors, text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError {
			p.record.consoleErrors = append(p.record.consoleErrors, fmt.Sprint("console.error: ", e.Args))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceNetwork {
			p.record.consoleErrors = append(p.record.consoleErrors, e.Entry.Text)
		}
	case *fetch.EventRequestPaused:
		go resume(p.ctx, fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: e.RequestID})
	case *fetch.EventAuthRequired:
		p.record.challenges = append(p.record.challenges, e.Request.URL)
		cancel := &fetch.AuthChallengeResponse{Response: fetch.AuthChallengeResponseResponseCancelAuth}
		go resume(p.ctx, fetch.ContinueWithAuth, fetch.ContinueWithAuthParams{RequestID: e.RequestID, AuthChallengeResponse: cancel})
	}
}

// resume lets a paused request go on. If it fails, the request hangs and so does the step that waits for
// its response, until pageTimeout.
func resume[P any](ctx context.Context, command cdp.Command[P, cdp.Empty], params P) {
	_, _ = chromedp.Call(ctx, command, params)
}

// watchPasswordDialogs records where the browser would open its own password dialog, and cancels the
// dialog.
func (p *page) watchPasswordDialogs(pattern string) {
	p.t.Helper()
	watch := true
	_, err := chromedp.Call(p.ctx, fetch.Enable, fetch.EnableParams{
		Patterns: []*fetch.RequestPattern{{URLPattern: pattern}}, HandleAuthRequests: &watch,
	})
	require.NoError(p.t, err)
}

// evaluate runs a script in the page and returns its value, once its promise is resolved.
func evaluate[T any](p *page, script string) T {
	p.t.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	require.NoError(p.t, err, script)
	return value
}

// last returns the newest request to a path.
func (p *page) last(path string) *network.Request {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, request := range slices.Backward(p.record.requests) {
		if u, err := url.Parse(request.URL); err == nil && u.Path == path && request.Method != http.MethodOptions {
			return request
		}
	}
	require.Fail(p.t, "no request to this path", path)
	return nil
}

// formOf returns the form in the body of a request.
func formOf(t *testing.T, request *network.Request) url.Values {
	t.Helper()
	var body []byte
	for _, part := range request.PostDataEntries {
		body = append(body, part.Bytes...)
	}
	values, err := url.ParseQuery(string(body))
	require.NoError(t, err)
	return values
}

// recorded returns what has happened so far.
func (p *page) recorded() record {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.record // appending to the slices does not change those returned
}
