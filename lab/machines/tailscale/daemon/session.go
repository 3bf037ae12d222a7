package daemon

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"homelab/lab/machines/tailscale/control"
	"homelab/lab/machines/tailscale/local"
)

// run registers the device and keeps it online until ctx ends or the control plane refuses it.
func (b *backend) run(ctx context.Context, authKey string) {
	fresh := control.NewNodeKey()
	response, err := b.control.RegisterPatiently(ctx,
		func() control.RegisterRequest { return b.registration(authKey, fresh) },
		func(err error) { b.lost("register", err) })
	if err == nil {
		err = b.checkTags(ctx, response)
	}
	if err == nil {
		err = b.join(response)
	}
	if err == nil {
		err = b.control.Heartbeat(ctx, b.heartbeat, b.report, b.told)
	}
	if ctx.Err() != nil {
		return
	}
	b.log.Warn("the device needs a login", "error", err)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.end, b.ended = nil, nil
	if err := b.forget(err.Error()); err != nil {
		b.log.Error("cannot forget the membership", "error", err)
	}
}

// registration asks for the membership of the node key that there is, else of the fresh one.
func (b *backend) registration(authKey, fresh string) control.RegisterRequest {
	report := b.heartbeat()
	if report.NodeKey == "" {
		report.NodeKey = fresh
	}
	return control.RegisterRequest{
		AuthKey: authKey, NodeKey: report.NodeKey, Hostname: report.Hostname, Routes: report.Routes, ExitNode: report.ExitNode,
	}
}

func (b *backend) heartbeat() control.MapRequest {
	b.mu.Lock()
	defer b.mu.Unlock()
	prefs := b.saved.Prefs
	request := control.MapRequest{
		Hostname: hostname(prefs), Routes: prefs.AdvertiseRoutes, ExitNode: prefs.AdvertiseExitNode,
	}
	if b.saved.Node != nil {
		request.NodeKey = b.saved.Node.NodeKey
	}
	return request
}

// hostname is the given one, else the system's without its domain.
func hostname(prefs local.Prefs) string {
	if prefs.Hostname != "" {
		return prefs.Hostname
	}
	name, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	name, _, _ = strings.Cut(name, ".")
	return name
}

// checkTags refuses a membership that lacks a tag that was asked for: the key does not carry it.
func (b *backend) checkTags(ctx context.Context, response control.RegisterResponse) error {
	b.mu.Lock()
	asked := b.saved.Prefs.AdvertiseTags
	b.mu.Unlock()
	var missing []string
	for _, tag := range asked {
		if !slices.Contains(response.Tags, tag) {
			missing = append(missing, tag)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	refusal := &control.Refusal{
		Status: 400, Message: fmt.Sprintf("requested tags [%s] are invalid or not permitted", strings.Join(missing, " ")),
	}
	if err := b.control.Logout(ctx, response.NodeKey); err != nil {
		b.log.Warn("the refused device is still in the tailnet", "device", response.Name, "error", err)
	}
	return refusal
}

// join keeps the membership.
func (b *backend) join(response control.RegisterResponse) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.saved.Node = &node{
		NodeID: response.NodeID, NodeKey: response.NodeKey, DeviceID: response.DeviceID, Name: response.Name,
		Addresses: response.Addresses, Tags: response.Tags, KeyExpiry: response.KeyExpiry,
	}
	b.log.Info("registered", "name", response.Name, "addresses", response.Addresses, "tags", response.Tags)
	if err := b.addresses.Put(response.Addresses); err != nil {
		return err
	}
	return b.save()
}

// told takes in an answer to a report, or that there was none.
func (b *backend) told(response control.MapResponse, err error) {
	if err != nil {
		b.lost("map", err)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen, b.last = time.Now(), response
	if member := b.saved.Node; member.Name != response.Name || !slices.Equal(member.Addresses, response.Addresses) {
		member.Name, member.Addresses = response.Name, response.Addresses
		if err := b.addresses.Put(response.Addresses); err != nil {
			b.log.Error("cannot use the new addresses", "error", err)
		}
		if err := b.save(); err != nil {
			b.log.Error("cannot write the state file", "error", err)
		}
	}
	if b.state != local.Running || b.failure != "" {
		b.move(local.Running, "")
	}
}

// lost records that the control plane was not reached; the session goes on.
func (b *backend) lost(what string, err error) {
	b.log.Warn("control: "+what+" failed, trying again", "error", err)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failure = "Unable to connect to the Tailscale coordination server to synchronize the state of your tailnet: " + err.Error()
}
