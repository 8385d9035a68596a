package process

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// UseHugePages asks Linux for huge pages where Go puts a value of so many bytes. That memory is free again after the
// next garbage collection, so it is that of the following value of the size. Where there are no huge pages, nothing
// changes.
func UseHugePages(size int) error {
	value := make([]byte, size)
	defer runtime.KeepAlive(value)
	return unix.Madvise(value, unix.MADV_HUGEPAGE)
}
