//go:build !unix

package sqlite

import "errors"

// walIndex is not read here: Windows does not promise that a read sees what another program has written to
// memory of the same file.
type walIndex struct{}

func openWALIndex(string) (*walIndex, error) { return &walIndex{}, nil }

func (*walIndex) close() error { return nil }

func (*walIndex) version() (fileVersion, error) { return fileVersion{}, errors.ErrUnsupported }
