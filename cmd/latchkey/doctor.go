package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/latchkey-auth/latchkey/internal/config"
)

type doctorCommand struct {
	config.Serve `embed:""`
	listFormat   `embed:""`

	PublicURL string `name:"url" placeholder:"URL" help:"Also ask the running service through its public URL. This makes one failed sign-in, which the audit log shows."`
}

// Help is the detail of `latchkey doctor --help`.
func (*doctorCommand) Help() string {
	return "Run it with the settings of the service, beside it or instead of it. Each check is a line that begins with ok, warning or FAILED " +
		"and says how to mend what is wrong. The exit code is 1 if a check failed. It prints no secrets and repairs nothing.\n\n" + examples(
		"latchkey doctor",
		"latchkey doctor --url https://auth.example.com --json",
	)
}

// Run makes all checks.
func (c *doctorCommand) Run(ctx context.Context, std stdio) error {
	d := &doctor{settings: c.Serve}
	d.checkSettings()
	d.checkFiles()
	d.checkDatabase(ctx)
	if d.db != nil {
		d.checkClock(ctx)
		d.checkKeys(ctx)
		d.checkDevUsers(ctx)
		d.checkHooks(ctx)
		defer func() { _ = d.db.Close() }()
	}
	d.checkDisk()
	d.checkMail(ctx)
	if c.PublicURL != "" {
		d.checkPublic(ctx, strings.TrimSuffix(c.PublicURL, "/"))
	}
	return d.report(std.out, c.listFormat)
}

// examTimeout limits each check that waits for another machine.
const examTimeout = 10 * time.Second

// doctor makes the checks and collects what it finds.
type doctor struct {
	settings config.Serve
	valid    bool // the settings are
	db       database
	migrated bool // the schema is that of this program
	findings []finding
}

// finding is the result of one check.
type finding struct {
	Check  string `json:"check"`
	Status string `json:"status"` // ok, warning or FAILED
	Text   string `json:"text"`
	Mend   string `json:"mend,omitempty"`
}

const (
	statusOK      = "ok"
	statusWarning = "warning"
	statusFailed  = "FAILED"
)

func (d *doctor) add(check, status, mend, format string, args ...any) {
	d.findings = append(d.findings, finding{check, status, d.clean(fmt.Sprintf(format, args...)), mend})
}

func (d *doctor) ok(check, format string, args ...any) { d.add(check, statusOK, "", format, args...) }

func (d *doctor) warn(check, mend, format string, args ...any) {
	d.add(check, statusWarning, mend, format, args...)
}

func (d *doctor) fail(check, mend, format string, args ...any) {
	d.add(check, statusFailed, mend, format, args...)
}

// clean makes one printable line of a text that another machine may have sent, without our secrets.
func (d *doctor) clean(text string) string {
	secrets := []string{d.settings.Mail.Password}
	for _, secret := range d.settings.Secrets {
		secrets = append(secrets, string(secret))
	}
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "[secret]")
		}
	}
	text = strings.ReplaceAll(strings.TrimSpace(text), "\n", "; ")
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, text)
}

// report writes the findings. It returns an error if a check failed.
func (d *doctor) report(out io.Writer, format listFormat) error {
	failed := 0
	encoder := json.NewEncoder(out)
	for _, f := range d.findings {
		if f.Status == statusFailed {
			failed++
		}
		var err error
		if format.JSON {
			err = encoder.Encode(f)
		} else {
			_, err = fmt.Fprintln(out, f)
		}
		if err != nil {
			return err
		}
	}
	if failed > 0 {
		return errors.New(count(failed, "check") + " failed")
	}
	return nil
}

// String returns the finding as a line.
func (f finding) String() string {
	line := fmt.Sprintf("%-8s %-12s %s", f.Status, f.Check, f.Text)
	if f.Mend != "" {
		line += ". To mend: " + f.Mend
	}
	return line
}
