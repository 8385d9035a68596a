package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/readiness"
)

// newReadiness returns what /readyz?deep=1 checks.
func newReadiness(settings config.Serve, db database, log *slog.Logger) *readiness.Checks {
	checks := []readiness.Check{
		{Name: "database", Run: db.ProbeWrite},
		{Name: "descriptors", Run: func(context.Context) error { return openDescriptors() }},
	}
	if path := settings.SQLitePath(); path != "" {
		dir := filepath.Dir(path)
		checks = append(checks, readiness.Check{Name: "disk", Run: func(context.Context) error { return writeToDisk(dir) }})
	}
	return readiness.New(time.Now, func(name string, err error) {
		log.Warn("readiness check failed", "check", name, "error", err)
	}, checks...)
}

// spareDescriptors is how many files a replica must be able to open besides those it has open.
const spareDescriptors = 8

func openDescriptors() (err error) {
	var files []*os.File
	for len(files) < spareDescriptors && err == nil {
		var file *os.File
		if file, err = os.Open(os.DevNull); err == nil {
			files = append(files, file)
		}
	}
	for _, file := range files {
		err = errors.Join(err, file.Close())
	}
	return err
}

// spareDisk is how many bytes a replica must be able to write beside its database.
const spareDisk = 64 << 10

func writeToDisk(dir string) error {
	file, err := os.CreateTemp(dir, ".latchkey-probe-*")
	if err != nil {
		return err
	}
	_, err = file.Write(make([]byte, spareDisk))
	return errors.Join(err, file.Close(), os.Remove(file.Name()))
}
