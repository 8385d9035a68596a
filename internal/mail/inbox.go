package mail

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

// inboxLimit is the number of messages that an inbox keeps.
const inboxLimit = 200

// Inbox stores messages as files instead of sending them, for development. The links in them open
// any account, so only the owner of the directory can read the files.
type Inbox struct {
	root *os.Root // confines file names to the directory
	mu   sync.Mutex
}

var _ Sender = (*Inbox)(nil)

// OpenInbox opens the inbox in a directory, which it creates if it does not exist.
func OpenInbox(dir string) (*Inbox, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create the inbox: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the inbox: %w", err)
	}
	return &Inbox{root: root}, nil
}

// Close closes the directory.
func (i *Inbox) Close() error { return i.root.Close() }

const messageExtension = ".json"

// Send stores a message and deletes the oldest ones beyond the limit.
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
	if err := i.write(m.ID+messageExtension, text); err != nil {
		return fmt.Errorf("write to the inbox: %w", err)
	}
	return i.prune(ctx)
}

// write creates or replaces a private file atomically.
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
		if err := i.remove(m.ID + messageExtension); err != nil {
			return err
		}
	}
	return nil
}

// names returns the file names of the messages, in alphabetical order.
func (i *Inbox) names() ([]string, error) { return fs.Glob(i.root.FS(), "*"+messageExtension) }

// Version changes whenever a message arrives or is deleted.
func (i *Inbox) Version(ctx context.Context) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	names, err := i.names()
	sum := sha256.Sum256([]byte(strings.Join(names, "\n")))
	return hex.EncodeToString(sum[:8]), err
}

// Clear deletes all messages.
func (i *Inbox) Clear(ctx context.Context) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	names, err := i.names()
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := errors.Join(ctx.Err(), i.remove(name)); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes a file, if there is one.
func (i *Inbox) remove(name string) error {
	err := i.root.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// List returns the messages, newest first.
func (i *Inbox) List(ctx context.Context) ([]Message, error) {
	names, err := i.names()
	if err != nil {
		return nil, err
	}
	all := make([]Message, 0, len(names))
	for _, name := range names {
		m, err := i.Read(ctx, strings.TrimSuffix(name, messageExtension))
		if errors.Is(err, fault.ErrNotFound) { // pruned in the meantime
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

// Read returns one message, or fault.ErrNotFound.
func (i *Inbox) Read(ctx context.Context, id string) (Message, error) {
	if err := ctx.Err(); err != nil {
		return Message{}, err
	}
	var m Message
	text, err := fs.ReadFile(i.root.FS(), id+messageExtension)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrInvalid): // ErrInvalid: not a file name
		return m, fault.ErrNotFound
	case err != nil:
		return m, err
	}
	err = json.Unmarshal(text, &m)
	return m, err
}
