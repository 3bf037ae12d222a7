package process

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

// Mount shows a file or directory of the machine in the container.
type Mount struct {
	Source   string
	Target   string
	ReadOnly bool
}

// setprivInside is where the container sees the program that changes the user.
const setprivInside = "/usr/libexec/lab/setpriv"

// plan is everything that decides how a container's process is started.
type plan struct {
	line     []string
	dir      string
	hostname string
	// netns is the path of the pod's network namespace; empty for the machine's.
	netns        string
	user         user
	capabilities []string
	mounts       []Mount
	readOnlyRoot bool
	shell        bool
	// first makes the program the container's first process, in bubblewrap's place.
	first bool
}

// arguments is the command line on the machine. bubblewrap gives the container namespaces for mounts,
// processes, IPC and the host name, and a root with the machine's libraries but none of its files;
// setpriv changes the user. Number 1 of the container is bubblewrap, as root, and the program number 2:
// so the kernel may end all of it with the kubelet, or with the program, whoever that runs as.
// https://manpages.debian.org/bookworm/bubblewrap/bwrap.1.en.html
func (p plan) arguments() []string {
	var line []string
	if p.netns != "" {
		line = append(line, "nsenter", "--net="+p.netns, "--")
	}
	line = append(line, "bwrap", "--die-with-parent", "--unshare-pid", "--unshare-ipc", "--new-session",
		"--unshare-uts", "--hostname", p.hostname, "--info-fd", "3")
	if p.first {
		line = append(line, "--as-pid-1")
	}
	line = append(line, p.root()...)
	line = append(line, "--cap-drop", "ALL")
	if p.user.id == 0 && p.user.group == 0 && len(p.user.groups) == 0 {
		line = append(line, added(p.capabilities)...)
		line = append(line, "--chdir", p.dir, "--")
		return append(line, p.line...)
	}
	// Another user loses these with root.
	capabilities := []string{"SETUID", "SETGID", "SETPCAP"}
	if p.user.id == 0 {
		capabilities = slices.Concat(p.capabilities, capabilities)
	}
	line = append(line, added(capabilities)...)
	groups := "--clear-groups"
	if len(p.user.groups) > 0 {
		texts := make([]string, 0, len(p.user.groups))
		for _, group := range p.user.groups {
			texts = append(texts, strconv.FormatInt(group, 10))
		}
		groups = "--groups=" + strings.Join(texts, ",")
	}
	line = append(line, "--chdir", p.dir, "--", setprivInside,
		"--reuid="+strconv.FormatInt(p.user.id, 10), "--regid="+strconv.FormatInt(p.user.group, 10), groups,
		"--no-new-privs", "--")
	return append(line, p.line...)
}

func added(capabilities []string) (arguments []string) {
	for _, name := range capabilities {
		if name != "ALL" {
			name = "CAP_" + name
		}
		arguments = append(arguments, "--cap-add", name)
	}
	return arguments
}

// unwritable are parts of /proc that are the kernel's, and not the process' own (opencontainers/runc, specconv: readonlyPaths).
var unwritable = []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}

// root lays out what the container sees. bubblewrap makes the parents of what it binds for root alone,
// so that each is named before.
func (p plan) root() []string {
	mounts := []Mount{
		{Source: "/usr/lib", Target: "/usr/lib", ReadOnly: true}, {Source: "/usr/lib64", Target: "/usr/lib64", ReadOnly: true},
		{Source: "/usr/bin/setpriv", Target: setprivInside, ReadOnly: true},
		{Source: "/usr/share/zoneinfo", Target: "/usr/share/zoneinfo", ReadOnly: true},
		{Source: "/etc/ssl/certs/ca-certificates.crt", Target: "/etc/ssl/certs/ca-certificates.crt", ReadOnly: true},
		{Source: "/proc", Target: "/proc"}, {Source: "/sys", Target: "/sys", ReadOnly: true},
	}
	for _, kernels := range unwritable {
		mounts = append(mounts, Mount{Source: kernels, Target: kernels, ReadOnly: true})
	}
	line := []string{"--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64"}
	if p.shell {
		mounts = append(mounts, Mount{Source: "/usr/bin", Target: "/usr/bin", ReadOnly: true})
		line = append(line, "--symlink", "usr/bin", "/bin")
	}
	own := slices.Clone(p.mounts)
	// A mount in another one comes after it, as containerd orders them.
	slices.SortStableFunc(own, func(a, b Mount) int {
		return strings.Count(path.Clean(a.Target), "/") - strings.Count(path.Clean(b.Target), "/")
	})
	made := map[string]bool{"/": true, "/tmp": true, "/dev": true}
	line = append(line, "--dev", "/dev", "--perms", "1777", "--tmpfs", "/dev/shm", "--perms", "1777", "--dir", "/tmp")
	for _, mount := range slices.Concat(mounts, own) {
		target := path.Clean(mount.Target)
		line = append(line, parents(target, made)...)
		flag := "--bind"
		if mount.ReadOnly {
			flag = "--ro-bind"
			if slices.Contains(mounts, mount) {
				flag = "--ro-bind-try"
			}
		}
		line = append(line, flag, mount.Source, target)
		made[target] = true
	}
	line = append(line, parents(path.Join(p.dir, "x"), made)...)
	if p.readOnlyRoot {
		line = append(line, "--remount-ro", "/")
	}
	return line
}

// parents names the directories above target that are not made yet.
func parents(target string, made map[string]bool) (line []string) {
	for directory := path.Dir(target); !made[directory]; directory = path.Dir(directory) {
		made[directory] = true
		line = slices.Concat([]string{"--dir", directory}, line)
	}
	return line
}
