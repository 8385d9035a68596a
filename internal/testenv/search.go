//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// errAbsent is the error of a source that does not exist on this machine. It is reported only if no
// source works.
var errAbsent = errors.New("not on this machine")

// requirement is something that the tests need, with its sources, best first.
type requirement struct {
	name     string
	variable string // environment variable for its location; empty: the tests find it themselves
	sources  []source
	install  string // the command for the user to run if no source works
}

// source is a place to look for a resource, or a method to start or install it.
type source struct {
	name string
	find func(ctx context.Context) (resource, error)
}

// resource meets a requirement.
type resource struct {
	value string       // of the environment variable
	about string       // description for the user
	stop  func() error // nil: nothing was started
}

// find returns the resource of the first source that works.
func (r requirement) find(ctx context.Context, log logger) (resource, error) {
	var tried strings.Builder
	for _, s := range r.sources {
		found, err := s.find(ctx)
		if err == nil {
			log.printf("%s: %s", r.name, found.about)
			return found, nil
		}
		if ctx.Err() != nil {
			return resource{}, context.Cause(ctx)
		}
		if !errors.Is(err, errAbsent) {
			log.printf("%s: %s: %v; trying the next source", r.name, s.name, err)
		}
		fmt.Fprintf(&tried, "\n  %s: %v", s.name, err)
	}
	return resource{}, fmt.Errorf("%s is required but was not found:%s\nRun this, then try again:\n  %s",
		r.name, tried.String(), r.install)
}
