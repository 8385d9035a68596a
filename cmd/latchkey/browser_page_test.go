package main

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

// pageTimeout is for one page and all that is done there, on a busy machine with the race detector.
const pageTimeout = 90 * time.Second

// startBrowser starts the Chromium that `make test` has found, with an empty profile.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	path := os.Getenv("CHROMIUM")
	if path == "" {
		t.Fatal("CHROMIUM is not set: run the tests with `make test`, which finds or installs Chromium")
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(path), chromedp.Headless, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true), // containers give it too little
	)
	t.Cleanup(stop)
	browser, cancel := chromedp.NewContext(allocator, chromedp.WithErrorf(t.Logf))
	t.Cleanup(cancel)
	require.NoError(t, chromedp.Do(browser), "the browser does not start")
	return browser
}

// page is one tab with storage of its own, which remembers what happened in it.
type page struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	requests   []*network.Request
	responses  []*network.Response
	complaints []string // what the console shows in red, but for answers of 4xx and 5xx
	challenges []string // URLs for which the browser would open its own password dialog
}

// openPage opens Swagger UI.
func openPage(browser context.Context, t *testing.T, address string) *page {
	t.Helper()
	return openTab(browser, t, address, ".opblock")
}

// openTab opens an address and waits for an element, by CSS selector.
func openTab(browser context.Context, t *testing.T, address, element string) *page {
	t.Helper()
	p := &page{t: t}
	tab, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(p.note))
	t.Cleanup(cancel)
	ctx, cancelTimeout := context.WithTimeout(tab, pageTimeout)
	t.Cleanup(cancelTimeout)
	p.ctx = ctx
	p.do(chromedp.EmulateViewport(1000, 1000), chromedp.Navigate(address), chromedp.WaitVisible(chromedp.CSS(element)))
	return p
}

// do runs steps one after the other; the test ends at the first that fails.
func (p *page) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	for i, step := range steps {
		require.NoError(p.t, chromedp.Do(p.ctx, step), "step %d", i+1)
	}
}

// text gives what stands in the first visible element of a CSS selector.
func (p *page) text(selector string) string {
	p.t.Helper()
	text, err := chromedp.Run(p.ctx, chromedp.Text(chromedp.CSS(selector), chromedp.NodeVisible))
	require.NoError(p.t, err, selector)
	return text
}

// note is called for each event of the tab, in the order in which they come.
func (p *page) note(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, e.Request)
	case *network.EventResponseReceived:
		p.responses = append(p.responses, e.Response)
	case *runtime.EventExceptionThrown:
		p.complaints = append(p.complaints, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError {
			p.complaints = append(p.complaints, fmt.Sprint("console.error: ", e.Args))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceNetwork {
			p.complaints = append(p.complaints, e.Entry.Text)
		}
	case *fetch.EventRequestPaused:
		go resume(p.ctx, fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: e.RequestID})
	case *fetch.EventAuthRequired:
		p.challenges = append(p.challenges, e.Request.URL)
		cancel := &fetch.AuthChallengeResponse{Response: fetch.AuthChallengeResponseResponseCancelAuth}
		go resume(p.ctx, fetch.ContinueWithAuth, fetch.ContinueWithAuthParams{RequestID: e.RequestID, AuthChallengeResponse: cancel})
	}
}

// resume lets a request go on that waits for the test. One that it cannot resume hangs, and the
// step that waits for its answer fails.
func resume[P any](ctx context.Context, command cdp.Command[P, cdp.Empty], params P) {
	_, _ = chromedp.Call(ctx, command, params)
}

// watchPasswordDialogs makes the browser report where it would open its own password dialog, and
// go on as if the user had cancelled it.
func (p *page) watchPasswordDialogs(pattern string) {
	p.t.Helper()
	watch := true
	_, err := chromedp.Call(p.ctx, fetch.Enable, fetch.EnableParams{
		Patterns: []*fetch.RequestPattern{{URLPattern: pattern}}, HandleAuthRequests: &watch,
	})
	require.NoError(p.t, err)
}

// evaluate runs a script as the page's own and gives what its promise becomes.
func evaluate[T any](p *page, script string) T {
	p.t.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	require.NoError(p.t, err, script)
	return value
}

// last gives the newest request to a path.
func (p *page) last(path string) *network.Request {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, request := range slices.Backward(p.requests) {
		if u, err := url.Parse(request.URL); err == nil && u.Path == path && request.Method != http.MethodOptions {
			return request
		}
	}
	require.Fail(p.t, "no request", path)
	return nil
}

// formOf gives the form that a request sent.
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

// seen gives copies of what happened so far.
func (p *page) seen() (requests []*network.Request, responses []*network.Response, complaints, challenges []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.requests), slices.Clone(p.responses), slices.Clone(p.complaints), slices.Clone(p.challenges)
}
