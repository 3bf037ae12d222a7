package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"

	"golang.org/x/sys/unix"

	"homelab/lab/machines/tailscale/control"
	"homelab/lab/machines/tailscale/local"
)

type callerKey struct{}

// caller keeps who is at the other end of a connection to the socket, by its credentials (SO_PEERCRED of unix(7)).
func caller(ctx context.Context, connection net.Conn) context.Context {
	uid := -1
	if socket, ok := connection.(*net.UnixConn); ok {
		if raw, err := socket.SyscallConn(); err == nil {
			err = raw.Control(func(fd uintptr) {
				if credentials, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
					uid = int(credentials.Uid)
				}
			})
			if err != nil {
				uid = -1
			}
		}
	}
	return context.WithValue(ctx, callerKey{}, uid)
}

// handler is the local API. Everyone may look; only root, or the daemon's own user, may change anything.
func (b *backend) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /localapi/v0/status", func(w http.ResponseWriter, _ *http.Request) { answer(w, b.status()) })
	mux.HandleFunc("GET /localapi/v0/prefs", func(w http.ResponseWriter, _ *http.Request) { answer(w, b.prefs()) })
	mux.HandleFunc("PATCH /localapi/v0/prefs", change(func(_ context.Context, edit local.Edit) error {
		if edit.AdvertiseRoutes != nil {
			if err := control.CheckRoutes(*edit.AdvertiseRoutes); err != nil {
				return err
			}
		}
		return b.edit(edit)
	}))
	mux.HandleFunc("POST /localapi/v0/start", change(func(ctx context.Context, options local.StartOptions) error {
		if options.Prefs != nil {
			if err := control.CheckRoutes(options.Prefs.AdvertiseRoutes); err != nil {
				return err
			}
		}
		if err := b.start(options); err != nil {
			return err
		}
		return b.awaitRunning(ctx)
	}))
	mux.HandleFunc("POST /localapi/v0/logout", change(func(ctx context.Context, _ any) error { return b.logout(ctx) }))
	return mux
}

func change[T any](apply func(context.Context, T) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if uid := r.Context().Value(callerKey{}); uid != 0 && uid != os.Geteuid() {
			fail(w, http.StatusForbidden, errors.New("Access denied: prefs write access denied\n\nUse 'sudo tailscale'."))
			return
		}
		var body T
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			fail(w, http.StatusBadRequest, fmt.Errorf("the request is no JSON: %w", err))
			return
		}
		if err := apply(r.Context(), body); err != nil {
			fail(w, http.StatusBadRequest, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	// A caller that has gone away needs no answer.
	_ = json.NewEncoder(w).Encode(body)
}

func fail(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(local.Failure{Error: err.Error()})
}
