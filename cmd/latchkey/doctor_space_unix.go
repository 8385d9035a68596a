//go:build unix

package main

import "golang.org/x/sys/unix"

// freeSpace returns the bytes that an ordinary user can still write to the file system of a directory.
func freeSpace(dir string) (uint64, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return 0, err
	}
	return stat.Bavail * uint64(stat.Bsize), nil
}
