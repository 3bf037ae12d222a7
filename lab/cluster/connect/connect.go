// Package connect is what the lab's kubelet runs for the two containers of 1Password Connect in a cluster. They read the
// file that makes them a server, and answer with what the lab's own Connect holds, which stands for 1Password's cloud: a
// header proves which server asks. Neither keeps a copy, so they do not outlive that one as the real ones do.
//
// With a file that is none both run and are Ready all the same, as the real ones are: the API answers 500, and the reason
// stands in the log of connect-sync alone. https://github.com/1Password/connect/issues/93,
// https://github.com/1Password/connect-helm-charts/issues/114
package connect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"time"

	"homelab/lab/cluster/kubelet/program"
)

// cloud is the lab's Connect; serverHeader tells it by whose credentials it is asked.
const (
	cloud        = "https://connect.home.arpa"
	serverHeader = "Lab-Connect-Server"
)

// retryAfter is the pause between two tries to read the credentials.
const retryAfter = 30 * time.Second

// RunAPI serves the API at the pod's address and the port of OP_HTTP_PORT until ctx ends.
func RunAPI(ctx context.Context, c program.Container) error {
	target, err := url.Parse(cloud)
	if err != nil {
		return err
	}
	return serve(ctx, c, api(target, func() (credentials, error) { return read(ctx, c) }, tagOf(c.Spec.Image), c.Logger))
}

// RunSync tells of the credentials in its log, again and again until they are good; it has health of its own.
func RunSync(ctx context.Context, c program.Container) error {
	go bootstrap(ctx, c)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /heartbeat", heartbeat)
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]any{"name": "1Password Connect Sync", "version": tagOf(c.Spec.Image)})
	})
	return serve(ctx, c, mux)
}

func bootstrap(ctx context.Context, c program.Container) {
	for {
		err := known(ctx, c)
		if err == nil || ctx.Err() != nil {
			return
		}
		c.Logger.Error("Server: (unable to get credentials and initialize API, retrying in 30s), " + err.Error())
		select {
		case <-ctx.Done():
			return
		case <-time.After(retryAfter):
		}
	}
}

// known asks 1Password whether it knows the server of these credentials.
func known(ctx context.Context, c program.Container) error {
	found, err := read(ctx, c)
	if err != nil {
		return fmt.Errorf("Wrapped: (failed to FindCredentialsUniqueKey), Wrapped: (failed to loadCredentialsFile), %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, cloud+"/health", nil)
	if err != nil {
		return err
	}
	request.Header.Set(serverHeader, found.UniqueKey.K)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New("Wrapped: (failed to FindCredentials), failed to Decrypt localAuthv2: Authentication failed, invalid bearer token")
	}
	return nil
}

// api is the API of a server with these credentials.
func api(target *url.URL, found func() (credentials, error), version string, log *slog.Logger) http.Handler {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = target.Host
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			log.Error("Server: (failed to createVerifiedAccess), " + err.Error())
			wentWrong(w)
		},
		ModifyResponse: func(r *http.Response) error {
			r.Header.Set("1Password-Connect-Version", version)
			return nil
		},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /heartbeat", heartbeat)
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		_, err := found()
		answer(w, http.StatusOK, health(version, err == nil))
	})
	mux.HandleFunc("/v1/", func(w http.ResponseWriter, r *http.Request) {
		read, err := found()
		if err != nil {
			log.Error("Server: (failed to createVerifiedAccess), could not get activeKeyset")
			wentWrong(w)
			return
		}
		r.Header.Set(serverHeader, read.UniqueKey.K)
		proxy.ServeHTTP(w, r)
	})
	return mux
}

// health is 200 in any case: what is missing stands in the body.
func health(version string, synced bool) map[string]any {
	data, cloud := map[string]string{"service": "account_data", "status": "SYNCED"}, map[string]string{"service": "1Password", "status": "ACTIVE"}
	if !synced {
		data = map[string]string{"service": "account_data", "status": "NOT_SYNCED",
			"message": "Account data is not available because synchronization has not yet started"}
		cloud = map[string]string{"service": "1Password", "status": "UNINITIALIZED",
			"message": "Make a request with a valid bearer token to initialize"}
	}
	return map[string]any{"name": "1Password Connect API", "version": version, "dependencies": []map[string]string{
		{"service": "sqlite", "status": "ACTIVE", "message": "Connected to /home/opuser/.op/data/1password.sqlite"},
		data, {"service": "sync", "status": "ACTIVE"}, cloud,
	}}
}

func heartbeat(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, ".") }

func wentWrong(w http.ResponseWriter) {
	answer(w, http.StatusInternalServerError, map[string]any{"status": http.StatusInternalServerError, "message": "Something went wrong"})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A client that hung up has no use for the rest.
	_ = json.NewEncoder(w).Encode(body)
}

// serve listens at the pod's address and the port of OP_HTTP_PORT until ctx ends.
func serve(ctx context.Context, c program.Container, handler http.Handler) error {
	port, err := strconv.ParseUint(c.Env["OP_HTTP_PORT"], 10, 16)
	if err != nil {
		return fmt.Errorf("OP_HTTP_PORT=%q: %w; the lab's Connect speaks plain HTTP", c.Env["OP_HTTP_PORT"], err)
	}
	listener, err := program.Listen(c, uint16(port))
	if err != nil {
		return err
	}
	ready := time.AfterFunc(program.ProbeDelay(c.Spec), func() { c.Ready(true) })
	defer ready.Stop()
	return program.Serve(ctx, listener, handler)
}
