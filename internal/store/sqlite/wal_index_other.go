//go:build !unix

package sqlite

// walIndex is read only on Unix, where SQLite maps it into memory by mmap(2).
type walIndex struct{}

func openWALIndex(string) (*walIndex, error) { return &walIndex{}, nil }

func (*walIndex) close() error { return nil }

func (*walIndex) version() (fileVersion, error) { return fileVersion{}, errNoVersion }
