package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/userfile"
)

// importRun is one run of the import command.
type importRun struct {
	accounts *account.Directory
	format   userfile.Format
	dryRun   bool
	report   importReport
	read     atomic.Int64 // bytes
}

// all reads and stores the file. It reads the next batch while it stores the last one. Reading from
// a terminal or pipe can block forever, so its goroutine is abandoned when the context ends.
func (r *importRun) all(ctx context.Context, in io.Reader) error {
	batches, end := make(chan []userfile.Line), make(chan error, 1)
	go func() {
		defer close(batches)
		end <- r.readAll(ctx, in, batches)
	}()
	for {
		select {
		case <-ctx.Done():
			return importStopped(ctx.Err())
		case batch, more := <-batches:
			if !more {
				return <-end
			}
			if err := r.store(ctx, batch); err != nil {
				return importStopped(err)
			}
		}
	}
}

// importStopped tells the user how to continue. It does not wrap err, so that readable does not
// replace the whole text by that of a domain error.
func importStopped(err error) error {
	return errors.New("the import stopped early; run the same command again to continue: " + err.Error())
}

// countingReader counts the bytes that are read.
type countingReader struct {
	io.Reader
	read *atomic.Int64
}

func (c countingReader) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.read.Add(int64(n))
	return n, err
}

// readAll sends batches until the end of the file or of the context.
func (r *importRun) readAll(ctx context.Context, in io.Reader, batches chan<- []userfile.Line) error {
	reader, err := userfile.NewReader(countingReader{in, &r.read}, r.format)
	if err != nil {
		return fmt.Errorf("cannot read the header line: %s", lineError(err))
	}
	for {
		batch, err := reader.Batch(account.ImportBatch)
		select {
		case batches <- batch:
		case <-ctx.Done():
			return ctx.Err()
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// store stores the valid lines of a batch and reports all of them.
func (r *importRun) store(ctx context.Context, batch []userfile.Line) error {
	err := userfile.Settle(batch, func(records []account.Record) ([]error, error) {
		return r.accounts.Import(ctx, records, r.dryRun)
	})
	if err != nil {
		return err
	}
	for _, line := range batch {
		if err := r.report.line(line.Number, line.Err); err != nil {
			return err
		}
	}
	r.report.draw(r.read.Load())
	return nil
}
