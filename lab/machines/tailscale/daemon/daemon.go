// Package daemon is the lab's tailscaled. It keeps the device's membership in the tailnet over restarts and lost
// connections, and answers the command tailscale on its socket. What it leaves out: WireGuard, NAT traversal, DNS and
// routes on the machine, Tailscale SSH, and interactive login. The device's addresses lie on lo.
package daemon

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"homelab/lab/machines/notify"
	"homelab/lab/machines/tailscale/control"
	"homelab/lab/machines/tailscale/local"
)

// stopTime is how long open calls of the local API may take to end.
const stopTime = 2 * time.Second

// Options are what the daemon is told.
type Options struct {
	StateFile string
	Socket    string
	Control   *control.Client
	// Addresses says whether the machine gets the device's addresses.
	Addresses bool
	Logger    *slog.Logger
}

// Main is the command tailscaled; it returns the exit status.
func Main(args []string) int {
	o := Options{Control: &control.Client{URL: control.URL}, Logger: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	flags := flag.NewFlagSet("tailscaled", flag.ContinueOnError)
	flags.StringVar(&o.StateFile, "state", "/var/lib/tailscale/tailscaled.state", "absolute path of state file")
	flags.StringVar(&o.Socket, "socket", local.Socket, "path of the service unix socket")
	flags.Uint("port", 41641, "UDP port of WireGuard; taken and not used, for the lab has no WireGuard")
	flags.Int("verbose", 0, "log verbosity level")
	tun := flags.String("tun", "tailscale0", "tunnel interface name; userspace-networking leaves the machine's addresses alone")
	cleanup := flags.Bool("cleanup", false, "clean up system state and exit")
	version := flags.Bool("version", false, "print version information and exit")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "tailscaled does not take non-flag arguments: %q\n", flags.Args())
		return 1
	}
	o.Addresses = *tun != "userspace-networking"
	if *version {
		fmt.Println(control.Version)
		return 0
	}
	if *cleanup {
		if err := (loopback{}).Remove(); err != nil {
			fmt.Fprintln(os.Stderr, "tailscaled:", err)
			return 1
		}
		return 0
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := Run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "tailscaled:", err)
		return 1
	}
	return 0
}

// Run is the daemon until ctx ends. It leaves the device a member: a restart finds it again.
func Run(ctx context.Context, o Options) error {
	listener, err := listen(o.Socket)
	if err != nil {
		return err
	}
	defer listener.Close()
	var own addresses = noAddresses{}
	if o.Addresses {
		own = loopback{}
	}
	device, err := newBackend(ctx, o.Control, o.StateFile, own, o.Logger)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: device.handler(), ConnContext: caller, ReadHeaderTimeout: stopTime}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	if err := notify.Send("READY=1"); err != nil {
		return err
	}
	o.Logger.Info("tailscaled is ready", "version", control.Version, "socket", o.Socket)
	select {
	case err = <-served:
	case <-ctx.Done():
		err = shutdown(server)
	}
	device.halt()
	return errors.Join(err, own.Remove())
}

func shutdown(server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	err := server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return server.Close()
	}
	return err
}

// listen opens the socket; one that nobody answers on is left from a daemon that was killed.
func listen(path string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	if other, err := net.Dial("unix", path); err == nil {
		return nil, errors.Join(fmt.Errorf("%s: another tailscaled answers there", path), other.Close())
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	return listener, os.Chmod(path, 0o666)
}
