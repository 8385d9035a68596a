package httpapi

import (
	"cmp"
	"context"
	"errors"
	"io"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/userfile"
)

const maxImportErrors = 1000

// ImportUsers handles POST /api/users/import.
func (s *Server) ImportUsers(ctx context.Context, r api.ImportUsersRequestObject) (api.ImportUsersResponseObject, error) {
	reader, err := userfile.NewReader(r.Body, cmp.Or(userfile.Format(value(r.Params.Format)), userfile.NDJSON))
	if err != nil {
		return nil, importError(err)
	}
	report := importReport{DryRun: value(r.Params.DryRun), Errors: []api.ImportError{}}
	for {
		lines, end := reader.Batch(account.ImportBatch)
		if err := s.importBatch(ctx, lines, &report); err != nil {
			return nil, err
		}
		if errors.Is(end, io.EOF) {
			return api.ImportUsers200JSONResponse(report), nil
		}
		if end != nil {
			return nil, importError(end)
		}
	}
}

// importError is the error for a file that cannot be read to its end.
func importError(err error) error {
	if errors.As(err, new(*fault.Error)) {
		return err
	}
	return bodyError(err)
}

// importBatch stores the valid lines and reports all of them.
func (s *Server) importBatch(ctx context.Context, lines []userfile.Line, report *importReport) error {
	err := userfile.Settle(lines, func(records []account.Record) ([]error, error) {
		return s.Accounts.ImportAs(ctx, principal(ctx).Authority(), records, report.DryRun)
	})
	if err != nil {
		return err
	}
	for _, line := range lines {
		report.add(line)
	}
	return nil
}

type importReport api.ImportReport

// add counts a line.
func (r *importReport) add(line userfile.Line) {
	var known *fault.Error
	switch {
	case line.Err == nil:
		r.Created++
	case errors.Is(line.Err, account.ErrRecordExists):
		r.Skipped++
	default:
		r.Failed++
		if errors.As(line.Err, &known) && len(r.Errors) < maxImportErrors {
			r.Errors = append(r.Errors, api.ImportError{
				Line: line.Number, Code: string(known.Code), Pointer: optional(known.Pointer), Detail: known.Text,
			})
		}
	}
}
