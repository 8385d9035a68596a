//go:build unix

package sqlite

import (
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// walIndex reads the header of the WAL index, the file whose name ends in -shm. SQLite writes it at every
// commit of any process, before the commit returns, and decides by it whether pages that a connection has
// in memory still hold (https://sqlite.org/walformat.html §2.1). It maps the file into memory as SQLite does:
// not every file system lets a read see what was written to such memory.
type walIndex struct {
	path   string
	file   *os.File
	header *[2]fileVersion // two copies; nil if it cannot be read
	closed atomic.Bool
	uses   int // by the stores of this process
}

// walIndexes are the open files by path. Closing a file takes away all locks that the process has on it
// (fcntl(2)), including those of SQLite. So stores with the same path share one, and it is closed only with the last.
var walIndexes = struct {
	sync.Mutex
	open map[string]*walIndex
}{open: map[string]*walIndex{}}

// openWALIndex opens the WAL index of a database. A connection that has read from it must stay open for as long as the
// index: the last one removes the file.
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
		x = &walIndex{path: path, file: f, header: mapHeader(f)}
		walIndexes.open[path] = x
	}
	x.uses++
	return x, nil
}

// walIndexSize is the size of the smallest WAL index. SQLite never makes it smaller while it has connections.
const walIndexSize = 32 << 10

// mapHeader returns the header of a WAL index, or nil if it cannot be read.
func mapHeader(f *os.File) *[2]fileVersion {
	if info, err := f.Stat(); err != nil || info.Size() < walIndexSize {
		return nil
	}
	mapped, err := syscall.Mmap(int(f.Fd()), 0, walIndexSize, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil
	}
	return (*[2]fileVersion)(unsafe.Pointer(&mapped[0])) //nolint:gosec // mapped is longer, and aligned to a page
}

// close closes the file. It must come after the connections are closed. The memory stays mapped, because a call
// of version may still read it.
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
	x.closed.Store(true)
	return x.file.Close()
}

// walIndexFormat is the number of the format, with which the header begins.
const walIndexFormat = 3007000

// version returns the version of the database. It fails while SQLite writes the header.
func (x *walIndex) version() (v fileVersion, err error) {
	if x == nil || x.header == nil || x.closed.Load() {
		return v, errNoVersion
	}
	var second fileVersion // SQLite writes it before the first
	for i := range v {
		v[i] = atomic.LoadUint32(&x.header[0][i])
	}
	for i := range second {
		second[i] = atomic.LoadUint32(&x.header[1][i])
	}
	if v != second || v[0] != walIndexFormat {
		return v, errNoVersion
	}
	return v, nil
}
