package sqlite

import (
	"bufio"
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// lockFile locks the database file itself. On Linux a lock of flock is apart from the locks of fcntl,
// which SQLite takes on the same file. holder is the process that has the lock, or 0 if it is unknown.
func lockFile(path string) (release func() error, holder int, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // the operator chooses the path
	if err != nil {
		return nil, 0, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f.Close, 0, nil
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		holder, err = flockHolder(f), errLocked
	}
	return nil, holder, errors.Join(err, f.Close())
}

// flockHolder finds the process that has locked a file in the list of the kernel (proc_locks(5)). It
// returns 0 if it is not there, for example because it runs in another container.
func flockHolder(f *os.File) int {
	info, err := f.Stat()
	if err != nil {
		return 0
	}
	inode := ":" + strconv.FormatUint(info.Sys().(*syscall.Stat_t).Ino, 10)
	list, err := os.Open("/proc/locks")
	if err != nil {
		return 0
	}
	defer func() { _ = list.Close() }()
	for lines := bufio.NewScanner(list); lines.Scan(); {
		fields := strings.Fields(lines.Text()) // "1: FLOCK ADVISORY WRITE 4711 08:01:1234 0 EOF"
		if len(fields) >= 6 && fields[1] == "FLOCK" && strings.HasSuffix(fields[5], inode) {
			pid, _ := strconv.Atoi(fields[4])
			return max(pid, 0)
		}
	}
	return 0
}
