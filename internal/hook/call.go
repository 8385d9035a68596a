package hook

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/outbox"
)

const (
	callTimeout = 10 * time.Second // of one call, shorter than what the outbox gives a job
	// maxTries is when a call is given up: after three days of the outbox's back-off. A receiver that
	// is gone for good would otherwise fill the outbox.
	maxTries = 24
)

// call is the payload of a job of kind call. It holds the body as bytes, for a store may write JSON
// anew and what is signed must stay the same.
type call struct {
	DeliveryID string       `json:"delivery_id"`
	HookID     string       `json:"hook_id"`
	Event      audit.Action `json:"event"`
	Body       []byte       `json:"body"`
	CreatedAt  time.Time    `json:"created_at"`
	Before     int          `json:"before,omitempty"` // tries before it was replayed
}

// Handlers carry out the jobs of the kinds notice and call.
func (s *Service) Handlers() map[outbox.Kind]outbox.Handler {
	return map[outbox.Kind]outbox.Handler{outbox.Notice: s.notify, outbox.Call: s.call}
}

// notify turns a notice into a call for each hook that wants it.
func (s *Service) notify(ctx context.Context, job outbox.Job) ([]outbox.Job, error) {
	var notice account.Notice
	if err := json.Unmarshal(job.Payload, &notice); err != nil {
		return nil, fmt.Errorf("the notice: %w", err)
	}
	hooks, err := s.Store.Hooks(ctx)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(notice)
	if err != nil {
		return nil, err
	}
	var calls []outbox.Job
	for _, h := range hooks {
		if h.wants(notice.Type) {
			id := deliveryID(job.ID, h.ID)
			calls = append(calls, outbox.New(id, outbox.Call, call{
				DeliveryID: id, HookID: h.ID, Event: notice.Type, Body: body, CreatedAt: notice.Timestamp,
			}, s.now()))
		}
	}
	return calls, nil
}

// deliveryID is the same whenever the same notice is worked on for the same hook: a UUID of our own
// making (RFC 9562 §5.8).
func deliveryID(noticeID, hookID string) string {
	b := sha256.Sum256([]byte(noticeID + "/" + hookID))
	b[6] = b[6]&0x0f | 0x80
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// call tells a hook, and keeps how that went. A hook that is gone or switched off meanwhile is not told.
func (s *Service) call(ctx context.Context, job outbox.Job) ([]outbox.Job, error) {
	var c call
	if err := json.Unmarshal(job.Payload, &c); err != nil {
		return nil, fmt.Errorf("the call: %w", err)
	}
	h, err := s.find(ctx, c.HookID)
	if errors.Is(err, account.ErrNotFound) || err == nil && !h.Active {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	response, fault := s.post(ctx, h, c)
	if fault != nil && ctx.Err() != nil {
		return nil, fault // we are stopping, which says nothing of the receiver
	}
	d := Delivery{
		ID: c.DeliveryID, HookID: h.ID, Event: c.Event, Body: c.Body, Status: Delivered,
		Attempts: c.Before + job.Attempts, Response: response, CreatedAt: c.CreatedAt, TriedAt: s.now(),
	}
	if fault != nil {
		d.Status, d.Error = Retrying, fault.Error()
		if job.Attempts >= maxTries {
			d.Status, fault = Failed, nil
		}
	}
	if err := s.Store.RecordDelivery(ctx, d); !errors.Is(err, account.ErrNotFound) {
		fault = errors.Join(fault, err)
	}
	return nil, fault
}

// post makes one call. Only 2xx is an answer; nothing of the answer but its status is read.
func (s *Service) post(ctx context.Context, h Hook, c call) (status int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(c.Body))
	if err != nil {
		return 0, withoutURL(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Latchkey")
	sign(request.Header, s.secrets(h.ID), c.DeliveryID, s.now(), c.Body)
	response, err := s.client.Do(request)
	if err != nil {
		return 0, withoutURL(err)
	}
	_ = response.Body.Close()
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return response.StatusCode, fmt.Errorf("the hook answered %d", response.StatusCode)
	}
	return response.StatusCode, nil
}

// withoutURL drops the address from an error: its query may hold a key of the receiver's.
func withoutURL(err error) error {
	var about *url.Error
	if errors.As(err, &about) {
		err = about.Err
	}
	return fmt.Errorf("the hook does not answer: %w", err)
}
