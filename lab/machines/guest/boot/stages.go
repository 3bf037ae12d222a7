package boot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"homelab/lab/machines/guest/process"
)

const (
	instancePath = "/var/lib/cloud/data/instance-id"
	logPath      = "/var/log/cloud-init.log"
	outputPath   = "/var/log/cloud-init-output.log"
	scriptPath   = "/var/lib/cloud/instance/scripts/runcmd"
)

func (m *machine) log(level, format string, args ...any) {
	line := fmt.Sprintf("%s - lab[%s]: %s\n", time.Now().UTC().Format("2006-01-02 15:04:05,000"), level, fmt.Sprintf(format, args...))
	if err := appendFile(logPath, []byte(line), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "cloud-init log:", err)
	}
	if level == "ERROR" {
		fmt.Fprint(os.Stderr, line)
	}
}

// problem records what went wrong; the boot goes on, as cloud-init's does.
func (m *machine) problem(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	m.problems = append(m.problems, text)
	m.log("ERROR", "%s", text)
}

func (m *machine) isFirstBoot() bool {
	known, err := os.ReadFile(instancePath)
	return err != nil || strings.TrimSpace(string(known)) != m.plan.InstanceID
}

// beforeServices writes the machine's names and files and, on a first boot, its users and keys.
func (m *machine) beforeServices() error {
	first := m.isFirstBoot()
	for _, problem := range m.plan.Problems {
		m.problem("%s", problem)
	}
	for _, warning := range m.plan.Warnings {
		m.log("WARNING", "%s", warning)
	}
	m.log("INFO", "boot of %s, instance %s, first boot: %t", m.plan.Hostname, m.plan.InstanceID, first)
	if err := m.setHostname(first); err != nil {
		return err
	}
	if err := m.writeHosts(); err != nil {
		return err
	}
	for _, f := range m.plan.EveryBoot {
		if err := f.write(); err != nil {
			return err
		}
	}
	if first && m.plan.FirstBoot != nil {
		m.applyFirstBoot(m.plan.FirstBoot)
	}
	types := []string{"ed25519"}
	if m.plan.FirstBoot != nil {
		types = m.plan.FirstBoot.GenerateHostKeys
	}
	return m.ensureHostKeys(types)
}

func (m *machine) applyFirstBoot(first *firstBoot) {
	for _, u := range first.Users {
		if err := applyUser(u); err != nil {
			m.problem("users: %s: %v", u.Name, err)
		}
	}
	if err := placeHostKey(first); err != nil {
		m.problem("ssh_keys: %v", err)
	}
	if first.PasswordLogin {
		f := file{Path: "/etc/ssh/sshd_config.d/50-cloud-init.conf", Content: []byte("PasswordAuthentication yes\n"), Mode: "600", Owner: "root:root"}
		if err := f.write(); err != nil {
			m.problem("ssh_pwauth: %v", err)
		}
	}
	for _, f := range first.Files {
		if err := f.write(); err != nil {
			m.problem("write_files: %s: %v", f.Path, err)
		}
	}
}

// afterServices is cloud-init's last stage: packages and commands of a first boot. The instance counts as booted only
// when all of it is done, so a machine that is cut off in the middle does it again.
func (m *machine) afterServices() {
	if first := m.plan.FirstBoot; first != nil && m.isFirstBoot() {
		m.lastStage(first)
		for path, text := range map[string]string{
			"/var/lib/cloud/instance/user-data.txt": m.plan.UserData,
			"/var/lib/cloud/instance/boot-finished": time.Now().UTC().Format(time.RFC3339) + "\n",
			"/var/lib/cloud/data/previous-hostname": m.plan.FQDN + "\n",
			instancePath:                            m.plan.InstanceID + "\n",
		} {
			f := file{Path: path, Content: []byte(text), Mode: "600", Owner: "root:root"}
			if err := f.write(); err != nil {
				m.problem("%s: %v", path, err)
			}
		}
	}
	m.cloudInitStatus = "done"
	if len(m.plan.Warnings) > 0 {
		m.cloudInitStatus = "degraded"
	}
	if len(m.problems) > 0 {
		m.cloudInitStatus = "error"
	}
	m.log("INFO", "finished: %s", m.cloudInitStatus)
	close(m.cloudInit)
	problems := append(append([]string{}, m.plan.Warnings...), m.problems...)
	m.tell(map[string]any{"event": "cloud-init", "status": m.cloudInitStatus, "problems": problems})
}

func (m *machine) lastStage(first *firstBoot) {
	if first.PackageUpdate {
		m.command("package_update", "/usr/bin/apt-get", "update")
	}
	if first.PackageUpgrade {
		m.command("package_upgrade", "/usr/bin/apt-get", "-y", "upgrade")
	}
	if len(first.Packages) > 0 {
		m.command("packages", append([]string{"/usr/bin/apt-get", "install", "-y"}, first.Packages...)...)
	}
	if first.Commands == "" {
		return
	}
	script := file{Path: scriptPath, Content: []byte(first.Commands), Mode: "700", Owner: "root:root"}
	if err := script.write(); err != nil {
		m.problem("runcmd: %v", err)
		return
	}
	m.command("runcmd", scriptPath)
}

// command runs a program to its end with its output in cloud-init's own log.
func (m *machine) command(key string, args ...string) {
	output, err := os.OpenFile(outputPath, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		m.problem("%s: %v", key, err)
		return
	}
	defer output.Close()
	child, err := m.reaper.Start(process.Spec{Args: args, Env: os.Environ(), Dir: "/", Output: output})
	if err != nil {
		m.problem("%s: %s: %v", key, args[0], err)
		return
	}
	<-child.Done
	if child.Exit.Code != 0 || child.Exit.Signal != 0 {
		m.problem("%s: %s ended with code %d, signal %d; its output is in %s", key, args[0], child.Exit.Code, child.Exit.Signal, outputPath)
	}
}

func (m *machine) setHostname(first bool) error {
	name, err := os.ReadFile("/etc/hostname")
	if first || errors.Is(err, fs.ErrNotExist) {
		name = []byte(m.plan.Hostname + "\n")
		err = os.WriteFile("/etc/hostname", name, 0o644)
	}
	if err != nil {
		return err
	}
	return syscall.Sethostname([]byte(strings.TrimSpace(string(name))))
}

func appendFile(path string, text []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}
