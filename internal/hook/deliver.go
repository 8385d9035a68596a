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

	"github.com/google/uuid"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/outbox"
)

const (
	requestTimeout = 10 * time.Second // shorter than the outbox's limit for a job
	// maxAttempts is the number of attempts before a delivery fails, which takes about three days with
	// the outbox's backoff. Otherwise receivers that no longer exist would fill the outbox.
	maxAttempts = 24
)

// payload is the payload of a job of kind outbox.WebhookCall. The body is kept as bytes because a store may
// reformat JSON, which would invalidate the signature.
type payload struct {
	DeliveryID string       `json:"delivery_id"`
	HookID     string       `json:"hook_id"`
	Event      audit.Action `json:"event"`
	Body       []byte       `json:"body"`
	CreatedAt  time.Time    `json:"created_at"`
	Before     int          `json:"before,omitempty"` // attempts before a replay
}

// Handlers returns the handlers of the job kinds outbox.WebhookEvent and outbox.WebhookCall.
func (s *Service) Handlers() map[outbox.Kind]outbox.Handler {
	return map[outbox.Kind]outbox.Handler{outbox.WebhookEvent: s.fanOut, outbox.WebhookCall: s.deliver}
}

// fanOut turns a notice into a job for each webhook that wants the event.
func (s *Service) fanOut(ctx context.Context, job outbox.Job) ([]outbox.Job, error) {
	var notice account.WebhookEvent
	if err := json.Unmarshal(job.Payload, &notice); err != nil {
		return nil, fmt.Errorf("decode notice job: %w", err)
	}
	hooks, err := s.Store.Hooks(ctx)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(notice)
	if err != nil {
		return nil, err
	}
	var jobs []outbox.Job
	for _, h := range hooks {
		if h.wants(notice.Type) {
			id := deliveryID(job.ID, h.ID)
			jobs = append(jobs, outbox.New(id, outbox.WebhookCall, payload{
				DeliveryID: id, HookID: h.ID, Event: notice.Type, Body: body, CreatedAt: notice.Timestamp,
			}, s.now()))
		}
	}
	return jobs, nil
}

// deliveryID returns a UUID that is always the same for a notice and a webhook, so that a retried
// notice is not delivered twice. It is a version 8 UUID (RFC 9562 §5.8).
func deliveryID(noticeID, hookID string) string {
	return uuid.NewHash(sha256.New(), uuid.Nil, []byte(noticeID+"/"+hookID), 8).String()
}

// deliver sends an event to a webhook and records the result. It does nothing if the webhook has
// been deleted or disabled in the meantime.
func (s *Service) deliver(ctx context.Context, job outbox.Job) ([]outbox.Job, error) {
	var p payload
	if err := json.Unmarshal(job.Payload, &p); err != nil {
		return nil, fmt.Errorf("decode webhook job: %w", err)
	}
	h, err := s.Get(ctx, p.HookID)
	if errors.Is(err, fault.ErrNotFound) || err == nil && !h.Active {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	response, err := s.post(ctx, h, p)
	if err != nil && ctx.Err() != nil {
		return nil, err // the worker is stopping: not a failure of the receiver
	}
	return nil, s.record(ctx, job, p, response, err)
}

// record stores the result of an attempt. It returns the error that makes the outbox retry the job:
// failed, unless this was the last attempt.
func (s *Service) record(ctx context.Context, job outbox.Job, p payload, response int, failed error) error {
	d := Delivery{
		ID: p.DeliveryID, HookID: p.HookID, Event: p.Event, Body: p.Body, Status: Delivered,
		Attempts: p.Before + job.Attempts, Response: response, CreatedAt: p.CreatedAt, TriedAt: s.now(),
	}
	if failed != nil {
		d.Status, d.Error = Retrying, failed.Error()
		if job.Attempts >= maxAttempts {
			d.Status, failed = Failed, nil
		}
	}
	if err := s.Store.RecordDelivery(ctx, d); !errors.Is(err, fault.ErrNotFound) {
		failed = errors.Join(failed, err)
	}
	return failed
}

// post makes one request. Only a 2xx status is a success; the response body is not read.
func (s *Service) post(ctx context.Context, h Hook, p payload) (status int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(p.Body))
	if err != nil {
		return 0, withoutURL(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Latchkey")
	sign(request.Header, s.secrets(h.ID), p.DeliveryID, s.now(), p.Body)
	response, err := s.client.Do(request)
	if err != nil {
		return 0, withoutURL(err)
	}
	_ = response.Body.Close()
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return response.StatusCode, fmt.Errorf("the receiver returned status %d", response.StatusCode)
	}
	return response.StatusCode, nil
}

// withoutURL removes the URL from an error, because its query may contain a key.
func withoutURL(err error) error {
	var withURL *url.Error
	if errors.As(err, &withURL) {
		err = withURL.Err
	}
	return fmt.Errorf("the receiver does not respond: %w", err)
}
