package boot

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"homelab/lab/machines/guest/control"
	"homelab/lab/machines/guest/journal"
	"homelab/lab/machines/guest/process"
	"homelab/lab/machines/guest/service"
)

// Signals by which a hypervisor asks systemd to end a machine: SIGRTMIN+4 and +5; systemd(1).
const (
	signalPowerOff = syscall.Signal(38)
	signalReboot   = syscall.Signal(39)
)

// exitReboot is the exit code that asks the hypervisor for another boot.
const exitReboot = 133

// reportDescriptor is a pipe to the hypervisor; one JSON line per event.
const reportDescriptor = 4

type machine struct {
	plan     *plan
	reaper   *process.Reaper
	services *service.Manager
	report   *json.Encoder
	// end receives the exit code that the machine shall end with.
	end chan int
	// cloudInit is closed when the first boot's work is done; the status is set then.
	cloudInit       chan struct{}
	cloudInitStatus string
	problems        []string
}

// Init runs the machine until it is told to end, and gives process 1's exit code.
func Init() int {
	if os.Getpid() != 1 {
		fmt.Fprintln(os.Stderr, "guest init: must be process 1 of a machine")
		return 2
	}
	for descriptor := 3; descriptor < 10; descriptor++ {
		syscall.CloseOnExec(descriptor)
	}
	syscall.Umask(0o022)
	m := &machine{end: make(chan int, 1), cloudInit: make(chan struct{}), reaper: process.NewReaper(),
		report: json.NewEncoder(os.NewFile(reportDescriptor, "report"))}
	if err := m.prepare(); err != nil {
		fmt.Fprintln(os.Stderr, "guest init:", err)
		return 1
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, signalPowerOff, signalReboot)
	m.tell(map[string]any{"event": "running"})
	go m.run()
	code := 0
	select {
	case code = <-m.end:
	case got := <-signals:
		if got == signalReboot {
			code = exitReboot
		}
	}
	m.services.Shutdown(context.Background())
	return code
}

// tell reports to the hypervisor. When it has gone, the machine ends with it and nobody is left to be told.
func (m *machine) tell(event any) {
	if err := m.report.Encode(event); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
	}
}

// prepare does what must stand before the first service: directories, names, users, keys.
func (m *machine) prepare() error {
	for _, directory := range []string{"/run/sshd", "/run/lock", "/run/user", "/run/systemd", "/run/cloud-init", journal.Directory} {
		if err := os.MkdirAll(directory, 0o755); err != nil {
			return err
		}
	}
	for name, value := range map[string]string{"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "HOME": "/root", "LANG": "C.UTF-8"} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return err
	}
	if m.plan, err = readPlan(); err != nil {
		return err
	}
	m.services = service.NewManager(service.Host{
		Reaper:  m.reaper,
		Journal: journal.NewWriter(journal.Directory, strings.ReplaceAll(string(boot), "-", "")[:8]),
	})
	if err := m.beforeServices(); err != nil {
		return err
	}
	return control.Serve(m.handle)
}

// run brings the services up and then does the first boot's last stage.
func (m *machine) run() {
	m.services.StartEnabled("multi-user.target")
	m.afterServices()
}

func (m *machine) handle(request control.Request) control.Answer {
	switch request.Verb {
	case "poweroff", "reboot":
		code := 0
		if request.Verb == "reboot" {
			code = exitReboot
		}
		// Later, so that the asker gets its answer before everything ends.
		time.AfterFunc(50*time.Millisecond, func() {
			select {
			case m.end <- code:
			default:
			}
		})
		return control.Answer{}
	case "cloud-init":
		select {
		case <-m.cloudInit:
			return m.cloudInitAnswer()
		default:
		}
		if request.NoBlock {
			return control.Answer{Result: "running"}
		}
		<-m.cloudInit
		return m.cloudInitAnswer()
	}
	return m.services.Handle(request)
}

// cloudInitAnswer is how the boot ended, with what went wrong or else what was warned of.
func (m *machine) cloudInitAnswer() control.Answer {
	detail := m.problems
	if m.cloudInitStatus == "degraded" {
		detail = m.plan.Warnings
	}
	return control.Answer{Result: m.cloudInitStatus, Detail: strings.Join(detail, "\n")}
}
