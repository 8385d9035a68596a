//go:build unix

package sqlite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// walIndex reads the header of the WAL index, the file whose name ends in -shm. SQLite writes it at every
// commit of any process, before the commit returns, and decides by it whether pages that a connection has
// in memory still hold (https://sqlite.org/walformat.html §2.1).
type walIndex struct {
	path string
	file *os.File
	fd   int // of file
	uses int // by the stores of this process
}

// walIndexes are the open files by path. Closing a file takes away all locks that the process has on it
// (fcntl(2)), including those of SQLite. So stores with the same path share one.
var walIndexes = struct {
	sync.Mutex
	open map[string]*walIndex
}{open: map[string]*walIndex{}}

// openWALIndex opens the WAL index of a database that has connections.
func openWALIndex(database string) (*walIndex, error) {
	walIndexes.Lock()
	defer walIndexes.Unlock()
	path := database + "-shm"
	x := walIndexes.open[path]
	if x == nil {
		f, err := os.Open(path) //nolint:gosec // the operator chooses the path
		if err != nil {
			return nil, err
		}
		x = &walIndex{path: path, file: f, fd: int(f.Fd())}
		walIndexes.open[path] = x
	}
	x.uses++
	return x, nil
}

// close closes the file. It must come after the connections are closed.
func (x *walIndex) close() error {
	if x == nil {
		return nil
	}
	walIndexes.Lock()
	defer walIndexes.Unlock()
	if x.uses--; x.uses > 0 {
		return nil
	}
	delete(walIndexes.open, x.path)
	return x.file.Close()
}

// walIndexVersion is the version of the format.
const walIndexVersion = 3007000

var errNoVersion = errors.New("the WAL index does not tell the version")

// version returns the version of the database. It fails while SQLite writes the header, and forever after the
// file was removed, which the last connection does.
func (x *walIndex) version() (v fileVersion, err error) {
	if x == nil {
		return v, errNoVersion
	}
	var header [2 * len(v)]byte // SQLite writes the second copy before the first
	if _, err := unix.Pread(x.fd, header[:], 0); err != nil {
		return v, err
	}
	copy(v[:], header[:])
	if !bytes.Equal(v[:], header[len(v):]) || binary.NativeEndian.Uint32(v[:]) != walIndexVersion {
		return v, errNoVersion
	}
	var status unix.Stat_t
	if err := unix.Fstat(x.fd, &status); err != nil {
		return v, err
	}
	if status.Nlink == 0 {
		return v, errNoVersion
	}
	return v, nil
}
