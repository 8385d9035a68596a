package mail

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/latchkey-auth/latchkey/internal/account"
)

// inboxLimit is how many letters an inbox keeps.
const inboxLimit = 200

// Inbox keeps letters as files instead of sending them, for development. Anyone who may read the
// directory may open every account: its files are its owner's alone.
type Inbox struct {
	root *os.Root // no name of a letter leads out of it
	mu   sync.Mutex
}

var _ Sender = (*Inbox)(nil)

// OpenInbox opens the inbox in a directory, and makes it if it is not there.
func OpenInbox(dir string) (*Inbox, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("the inbox cannot be made: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("the inbox cannot be opened: %w", err)
	}
	return &Inbox{root: root}, nil
}

// Close gives the directory back.
func (i *Inbox) Close() error { return i.root.Close() }

const letterExtension = ".json"

// Send keeps a letter, and drops the oldest beyond the limit.
func (i *Inbox) Send(ctx context.Context, m Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := i.write(m.ID+letterExtension, text); err != nil {
		return fmt.Errorf("the inbox: %w", err)
	}
	return i.prune(ctx)
}

// write makes a private file whole or not at all.
func (i *Inbox) write(name string, text []byte) error {
	part := name + ".part"
	file, err := i.root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return i.root.Rename(part, name)
}

func (i *Inbox) prune(ctx context.Context) error {
	all, err := i.List(ctx)
	if err != nil || len(all) <= inboxLimit {
		return err
	}
	for _, m := range all[inboxLimit:] {
		if err := i.root.Remove(m.ID + letterExtension); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// List gives the letters, newest first.
func (i *Inbox) List(ctx context.Context) ([]Message, error) {
	names, err := fs.Glob(i.root.FS(), "*"+letterExtension)
	if err != nil {
		return nil, err
	}
	all := make([]Message, 0, len(names))
	for _, name := range names {
		m, err := i.Read(ctx, strings.TrimSuffix(name, letterExtension))
		if errors.Is(err, account.ErrNotFound) { // pruned meanwhile
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b Message) int {
		return cmp.Or(b.Date.Compare(a.Date), strings.Compare(b.ID, a.ID))
	})
	return all, nil
}

// Read gives one letter. It answers account.ErrNotFound.
func (i *Inbox) Read(ctx context.Context, id string) (Message, error) {
	if err := ctx.Err(); err != nil {
		return Message{}, err
	}
	var m Message
	text, err := fs.ReadFile(i.root.FS(), id+letterExtension)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrInvalid): // the latter: no name of a file
		return m, account.ErrNotFound
	case err != nil:
		return m, err
	}
	err = json.Unmarshal(text, &m)
	return m, err
}
