package password

import (
	"encoding/gob"
	"errors"
	"io"
	"runtime"
)

// job is one hash to be computed.
type job struct {
	Hash     string // a stored hash to compare with; empty: make a new one
	Params   Params // of a new hash
	Password string
}

// result is what a job has led to.
type result struct {
	Matches bool
	Hash    string // the new one, as a PHC string
}

// do computes the hash of a job. A stored hash that cannot be read never matches; callers replace it by the
// decoy before, so that it costs as much as any other.
func (j job) do() result {
	if j.Hash == "" {
		return result{Hash: newArgon2id(j.Params, j.Password).String()}
	}
	s, err := parse(j.Hash)
	return result{Matches: err == nil && s.matches(j.Password)}
}

// Work computes the hashes for which another process asks, one after the other, until its input ends. That
// process is a Hasher with Options.Process. Passwords are only in the memory of the two and in the pipes
// between them.
func Work(in io.Reader, out io.Writer) error {
	jobs, results := gob.NewDecoder(in), gob.NewEncoder(out)
	for {
		var j job
		if err := jobs.Decode(&j); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := results.Encode(j.do()); err != nil {
			return err
		}
		runtime.GC() // so that the next hash takes the memory of this one, and no more
	}
}
