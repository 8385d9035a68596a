package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// State is what is known of a database apart from it, in a small file. It tells a database that has
// lost its data from a new one.
type State struct {
	InstanceID string    `json:"instance"`
	Changes    int64     `json:"changes"` // at least as many were committed
	Running    bool      `json:"running"` // a service has opened the database and not closed it
	At         time.Time `json:"at"`      // when the file was written
}

// ReadState reads a state file. It returns the zero State if there is none.
func ReadState(path string) (State, error) {
	var s State
	raw, err := os.ReadFile(path) //nolint:gosec // the operator chooses the path
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &s)
	}
	if err != nil {
		return State{}, fmt.Errorf("cannot read the state file %s: %w", path, err)
	}
	return s, nil
}

// Write replaces the state file at once, so that a reader or a crash never meets half of it.
func (s State) Write(path string) error {
	raw, err := json.Marshal(s)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return fmt.Errorf("cannot write the state file: %w", err)
	}
	defer func() { _ = os.Remove(file.Name()) }() // fails once the file has its name
	_, err = file.Write(append(raw, '\n'))
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("cannot write the state file: %w", err)
	}
	return os.Rename(file.Name(), path)
}

// Known reports whether a database was seen before.
func (s State) Known() bool { return s.InstanceID != "" }

// Check returns an error if the database that was recorded in s is not i, or has had more changes
// than i.
func (s State) Check(i Instance) error {
	switch {
	case !s.Known():
		return nil
	case i.ID != s.InstanceID:
		return fmt.Errorf("it is not the database that was used until %s: that one had the id %s and %d changes, this one has the id %s and %d changes",
			s.when(), s.InstanceID, s.Changes, i.ID, i.Changes)
	case i.Changes < s.Changes:
		return fmt.Errorf("it has lost data: it had at least %d changes at %s, and has %d now", s.Changes, s.when(), i.Changes)
	}
	return nil
}

// CheckMissing returns an error if s knows a database. It is for a database whose file does not exist
// or is empty.
func (s State) CheckMissing() error {
	if !s.Known() {
		return nil
	}
	return fmt.Errorf("it is missing or empty, and it had at least %d changes at %s", s.Changes, s.when())
}

func (s State) when() string { return s.At.UTC().Format(time.RFC3339) }
