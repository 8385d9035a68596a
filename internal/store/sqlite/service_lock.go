package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ServiceLock is held by the one service of a database file. Commands beside it need no lock.
type ServiceLock struct{ release func() error }

// LockService takes the lock of the service, without waiting. If the file does not exist, it is created
// empty. Call it before Open, and Release after Close: closing any descriptor of the file takes SQLite's
// own locks from the process.
//
// The lock belongs to the file, not to its name, where the system allows that: a service that reaches
// the file through a link is refused too. The system releases the lock when the process ends.
func LockService(path string) (*ServiceLock, error) {
	path, err := resolve(path)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	if err := createFile(path); err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	release, holder, err := lockFile(path)
	switch {
	case errors.Is(err, errLocked) && holder > 0:
		return nil, fmt.Errorf("the database %s is in use by another service, the process %d: stop it first, or use PostgreSQL to run several", path, holder)
	case errors.Is(err, errLocked):
		return nil, fmt.Errorf("the database %s is in use by another service: stop it first, or use PostgreSQL to run several", path)
	case err != nil:
		return nil, fmt.Errorf("sqlite: lock %s: %w", path, err)
	}
	return &ServiceLock{release}, nil
}

// Release releases the lock.
func (l *ServiceLock) Release() error { return l.release() }

// errLocked is returned by lockFile when another process has the lock.
var errLocked = errors.New("locked")

// resolve returns the absolute path of a file behind symbolic links.
func resolve(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	target, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return path, nil
	}
	return target, err
}

// IsEmpty reports whether there is no file at a path, or one without content.
func IsEmpty(path string) (bool, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	return err == nil && info.Size() == 0, err
}
