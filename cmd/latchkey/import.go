package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	stdio "io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/term"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/config"
)

type userImport struct {
	config.Database `embed:""`

	File   string `arg:"" help:"The file, or - for standard input."`
	Format string `enum:"auto,ndjson,csv" default:"auto" help:"ndjson or csv. Default: csv for a file named so, else ndjson."`
	DryRun bool   `help:"Check everything, and store nothing."`
	JSON   bool   `name:"json" help:"Report as JSON, for scripts: the sum on standard output, faults a line each on standard error."`
}

// Help says what is read.
func (c *userImport) Help() string {
	return "Reads a JSON object a line, or CSV (RFC 4180) whose header names the columns: username, email, " +
		"and as wanted id, email_verified, name, picture, roles, active, disabled_until, created_at, " +
		"updated_at, and password_hash or password. Without roles a user gets ROLE_USER; in CSV they are " +
		"separated by spaces, and an empty field means none.\n\n" +
		"Hashes may be of argon2id, argon2i, bcrypt, scrypt and PBKDF2, as PHC strings or as Django, passlib " +
		"and Keycloak write them; at the first sign-in each is replaced by argon2id. The users of a Keycloak " +
		"export are read as they are: jq -c '.users[]' realm.json | latchkey user import -\n\n" +
		"A user who is here already by the same name and address is skipped, so an import that was " +
		"interrupted is run again as it is. Two lines that are at odds with each other are found when they " +
		"are stored, not by a dry run."
}

// Run imports the file, and fails if any line did.
func (c *userImport) Run(ctx context.Context, io streams) error {
	in, size, err := c.open(io)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	return withAccounts(ctx, c.Database, io, func(ctx context.Context, accounts *account.Service) error {
		run := &importRun{command: c, accounts: accounts, io: io, bar: newProgress(io.err, size)}
		err := run.all(ctx, in)
		run.bar.clear()
		return errors.Join(run.summary(), err)
	})
}

// open opens the file and gives its size, or 0 if that is not known.
func (c *userImport) open(io streams) (stdio.ReadCloser, int64, error) {
	if c.File == "-" {
		return stdio.NopCloser(io.in), 0, nil
	}
	file, err := os.Open(c.File)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return file, 0, err
	}
	return file, info.Size(), nil
}

func (c *userImport) format() account.Format {
	if c.Format == "csv" || c.Format == "auto" && strings.EqualFold(filepath.Ext(c.File), ".csv") {
		return account.CSV
	}
	return account.NDJSON
}

// importRun is one run of the command.
type importRun struct {
	command  *userImport
	accounts *account.Service
	io       streams
	bar      *progress
	read     atomic.Int64 // bytes

	created, skipped, failed int
}

// importLine is a line that was read: a record, or why there is none.
type importLine struct {
	number int
	record account.Record
	fault  error
}

const importLines = 500 // read and stored at a time

// all reads and stores, one batch ahead of the other. Only the reading may block for ever, at a
// terminal or a pipe: it is left behind when the context ends.
func (r *importRun) all(ctx context.Context, in stdio.Reader) error {
	batches, end := make(chan []importLine), make(chan error, 1)
	go func() {
		defer close(batches)
		end <- r.readAll(ctx, in, batches)
	}()
	for {
		select {
		case <-ctx.Done():
			return endedEarly(ctx.Err())
		case batch, more := <-batches:
			if !more {
				return <-end
			}
			if err := r.store(ctx, batch); err != nil {
				return endedEarly(err)
			}
		}
	}
}

// endedEarly says that nothing is lost. It hides what kind of error err is: that is the database's
// or the caller's, and none of the records'.
func endedEarly(err error) error {
	return errors.New("ended early; what is stored stays, and the same command goes on from there: " + err.Error())
}

// counted counts what is read from a file.
type counted struct {
	stdio.Reader
	read *atomic.Int64
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.read.Add(int64(n))
	return n, err
}

// readAll sends batches until the end of the file or of the context.
func (r *importRun) readAll(ctx context.Context, in stdio.Reader, batches chan<- []importLine) error {
	reader, err := account.NewRecordReader(counted{in, &r.read}, r.command.format())
	if err != nil {
		return fmt.Errorf("the header cannot be read: %s", faultText(err))
	}
	for {
		batch, err := readBatch(reader)
		select {
		case batches <- batch:
		case <-ctx.Done():
			return ctx.Err()
		}
		if errors.Is(err, stdio.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// readBatch reads some lines. An error is the end of the file, or of the reading.
func readBatch(reader *account.RecordReader) ([]importLine, error) {
	batch := make([]importLine, 0, importLines)
	for len(batch) < importLines {
		record, number, err := reader.Next()
		var fault *account.Error
		if err != nil && !errors.As(err, &fault) {
			return batch, err
		}
		batch = append(batch, importLine{number, record, err})
	}
	return batch, nil
}

// store stores the good lines of a batch and reports on all.
func (r *importRun) store(ctx context.Context, batch []importLine) error {
	var records []account.Record
	for _, line := range batch {
		if line.fault == nil {
			records = append(records, line.record)
		}
	}
	faults, err := r.accounts.Import(ctx, records, r.command.DryRun)
	if err != nil {
		return err
	}
	for _, line := range batch {
		if line.fault == nil {
			line.fault, faults = faults[0], faults[1:]
		}
		if err := r.count(line); err != nil {
			return err
		}
	}
	r.bar.draw(r.read.Load(), r.created+r.skipped+r.failed)
	return nil
}

// count counts a line, and says what is wrong with it.
func (r *importRun) count(line importLine) error {
	switch {
	case line.fault == nil:
		r.created++
		return nil
	case errors.Is(line.fault, account.ErrExists):
		r.skipped++
		return nil
	}
	r.failed++
	r.bar.clear()
	if !r.command.JSON {
		_, err := fmt.Fprintf(r.io.err, "line %d: %s\n", line.number, faultText(line.fault))
		return err
	}
	report := map[string]any{"line": line.number}
	var fault *account.Error
	if errors.As(line.fault, &fault) {
		report["code"], report["pointer"], report["reason"] = fault.Code, fault.Pointer, fault.Text
	}
	return json.NewEncoder(r.io.err).Encode(report)
}

// faultText is what people read of a fault: the member, and what is wrong with it.
func faultText(err error) string {
	var fault *account.Error
	if !errors.As(err, &fault) {
		return err.Error()
	}
	if fault.Pointer == "" {
		return fault.Text
	}
	return strings.TrimPrefix(fault.Pointer, "/") + ": " + fault.Text
}

// summary prints the sum, and is an error if lines failed.
func (r *importRun) summary() error {
	var err error
	if r.command.JSON {
		err = json.NewEncoder(r.io.out).Encode(map[string]any{
			"created": r.created, "skipped": r.skipped, "failed": r.failed, "dry_run": r.command.DryRun,
		})
	} else {
		created := "created"
		if r.command.DryRun {
			created = "would be created"
		}
		_, err = fmt.Fprintf(r.io.out, "%d %s, %d skipped (they exist), %d failed\n", r.created, created, r.skipped, r.failed)
	}
	if err == nil && r.failed > 0 {
		err = fmt.Errorf("%d of %d lines failed", r.failed, r.created+r.skipped+r.failed)
	}
	return err
}

// progress is a bar on a terminal, and nothing elsewhere.
type progress struct {
	out   stdio.Writer
	total int64 // bytes, 0 if not known
	on    bool
	drawn time.Time
}

const (
	progressWidth = 30
	progressEvery = 100 * time.Millisecond
)

func newProgress(out stdio.Writer, total int64) *progress {
	file, ok := out.(*os.File)
	return &progress{out: out, total: total, on: ok && term.IsTerminal(int(file.Fd()))}
}

// draw shows how much has been read and how many lines are done.
func (p *progress) draw(read int64, lines int) {
	if !p.on || time.Since(p.drawn) < progressEvery {
		return
	}
	p.drawn = time.Now()
	if p.total == 0 {
		_, _ = fmt.Fprintf(p.out, "\r\x1b[K%d lines", lines)
		return
	}
	done := min(int(progressWidth*read/p.total), progressWidth) // a file may grow
	_, _ = fmt.Fprintf(p.out, "\r\x1b[K[%s%s] %3d%%  %d lines", strings.Repeat("=", done),
		strings.Repeat(" ", progressWidth-done), min(100*read/p.total, 100), lines)
}

// clear takes the bar away, so that something else can be written.
func (p *progress) clear() {
	if p.on && !p.drawn.IsZero() {
		_, _ = fmt.Fprint(p.out, "\r\x1b[K")
		p.drawn = time.Time{}
	}
}
