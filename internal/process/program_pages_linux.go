package process

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// ReturnProgramPages returns the memory of the pages of the program file that have been used, most of them only
// by the start. Linux maps a page again when it is needed, without reading the disk as long as the file is in
// the page cache.
func ReturnProgramPages() error {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return err
	}
	smaps, err := os.Open("/proc/self/smaps")
	if err != nil {
		return err
	}
	defer smaps.Close()
	mappings, err := unchangedMappings(smaps, program)
	if err != nil {
		return err
	}
	for _, m := range mappings {
		if _, _, errno := unix.Syscall(unix.SYS_MADVISE, m.begin, m.end-m.begin, unix.MADV_DONTNEED); errno != 0 {
			return fmt.Errorf("madvise: %w", errno)
		}
	}
	return nil
}

// mapping is a range of addresses.
type mapping struct{ begin, end uintptr }

// unchangedMappings returns those mappings of a file that cannot be written and are as in the file: a page that
// the loader or a debugger has changed would be lost. smaps has the format of /proc/PID/smaps (proc_pid_smaps(5)).
func unchangedMappings(smaps io.Reader, file string) (found []mapping, err error) {
	var current mapping
	var unchanged bool
	lines := bufio.NewScanner(smaps)
	for lines.Scan() {
		var m mapping
		var permissions string
		if n, _ := fmt.Sscanf(lines.Text(), "%x-%x %s", &m.begin, &m.end, &permissions); n == 3 {
			current, unchanged = m, strings.HasSuffix(lines.Text(), " "+file) && !strings.Contains(permissions, "w")
			continue
		}
		name, size, _ := strings.Cut(lines.Text(), ":")
		if name != "Anonymous" && name != "Swap" { // where a changed page is
			continue
		}
		unchanged = unchanged && strings.TrimSpace(size) == "0 kB"
		if name == "Swap" && unchanged { // the later one
			found = append(found, current)
		}
	}
	return found, lines.Err()
}
