package process

import "golang.org/x/sys/unix"

// UseHugePages asks Linux for huge pages where Go puts a value of so many bytes. That memory is free again after the
// next garbage collection, and values of that size get it from then on, or most of it. Where there are no huge pages,
// nothing changes.
func UseHugePages(size int) error { return unix.Madvise(make([]byte, size), unix.MADV_HUGEPAGE) }
