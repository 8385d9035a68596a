//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// errAbsent says that a way does not exist on this machine, which is worth a word only when none does.
var errAbsent = errors.New("not on this machine")

// need is something the tests cannot do without, and the ways to it, best first.
type need struct {
	name     string
	variable string // tells the tests where it is; empty: they find it themselves
	ways     []way
	remedy   string // what a person should run when no way works
}

// way is one place to look, or one means to get it.
type way struct {
	name string
	try  func(ctx context.Context) (resource, error)
}

// resource is a need that is met.
type resource struct {
	value string       // for the tests
	about string       // for the person
	stop  func() error // nil: nothing was started
}

// find tries the ways in their order; the first that works is taken.
func (n need) find(ctx context.Context, log logger) (resource, error) {
	var tried strings.Builder
	for _, w := range n.ways {
		found, err := w.try(ctx)
		if err == nil {
			log.printf("%s: %s", n.name, found.about)
			return found, nil
		}
		if ctx.Err() != nil {
			return resource{}, context.Cause(ctx)
		}
		if !errors.Is(err, errAbsent) {
			log.printf("%s: %s: %v; looking further", n.name, w.name, err)
		}
		fmt.Fprintf(&tried, "\n  %s: %v", w.name, err)
	}
	return resource{}, fmt.Errorf("%s is needed, and no way led to it:%s\nRun this, then try again:\n  %s",
		n.name, tried.String(), n.remedy)
}
