package control

import (
	"context"
	"time"
)

const (
	// interval is between two reports; the control plane calls a device offline after three lost ones.
	interval   = 10 * time.Second
	firstPause = 500 * time.Millisecond
	longPause  = 10 * time.Second
)

// Pauses grow from firstPause to longPause.
type Pauses struct{ last time.Duration }

// Next is how long to wait now.
func (p *Pauses) Next() time.Duration {
	p.last = min(max(2*p.last, firstPause), longPause)
	return p.last
}

// RegisterPatiently registers and tries again, after growing pauses, while the control plane does not answer; failed
// is told each time. The error is a Refusal, or ctx's. When an answer was lost, the key may be used up and the device
// be a member by its node key already, so a refusal after that is only one if the node key is refused too.
func (c *Client) RegisterPatiently(
	ctx context.Context, request func() RegisterRequest, failed func(error),
) (RegisterResponse, error) {
	var wait Pauses
	for lost := false; ; lost = true {
		asked := request()
		response, err := c.Register(ctx, asked)
		refusal, refused := Refused(err)
		if refused && lost && asked.NodeKey != "" {
			asked.AuthKey = ""
			response, err = c.Register(ctx, asked)
			if _, refused = Refused(err); refused {
				return response, refusal
			}
		}
		if err == nil || refused {
			return response, err
		}
		if ctx.Err() != nil {
			return response, ctx.Err()
		}
		failed(err)
		select {
		case <-ctx.Done():
			return response, ctx.Err()
		case <-time.After(wait.Next()):
		}
	}
}

// Heartbeat reports the device at once, every ten seconds and at each change, and hands what it is told to seen, or
// the error of a report that did not arrive: those are repeated after growing pauses. It returns the Refusal that
// says that the device is no member any more, or ctx's error.
func (c *Client) Heartbeat(
	ctx context.Context, request func() MapRequest, changed <-chan struct{}, seen func(MapResponse, error),
) error {
	var wait Pauses
	for {
		response, err := c.Map(ctx, request())
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if _, refused := Refused(err); refused {
			return err
		}
		pause := interval
		if err != nil {
			pause = wait.Next()
		} else {
			wait = Pauses{}
		}
		seen(response, err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case <-time.After(pause):
		}
	}
}
