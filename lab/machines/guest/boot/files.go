package boot

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// write puts the file in place with its owner and mode; parents that are missing are made.
func (f file) write() error {
	mode, err := strconv.ParseUint(f.Mode, 8, 12)
	if err != nil {
		return fmt.Errorf("mode %q is not octal", f.Mode)
	}
	uid, gid, err := owner(f.Owner)
	if err != nil {
		return err
	}
	if f.Append {
		err = appendFile(f.Path, f.Content, os.FileMode(mode))
	} else {
		err = replaceFile(f.Path, f.Content)
	}
	if err != nil {
		return err
	}
	if err := os.Chown(f.Path, uid, gid); err != nil {
		return err
	}
	return chmod(f.Path, uint32(mode))
}

func replaceFile(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	temporary := path + ".new"
	if err := os.WriteFile(temporary, content, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

// owner reads `user`, `user:group` or numbers.
func owner(text string) (uid, gid int, err error) {
	name, group, _ := strings.Cut(text, ":")
	if group == "" {
		group = name
	}
	if uid, err = lookup("/etc/passwd", name); err != nil {
		return 0, 0, err
	}
	gid, err = lookup("/etc/group", group)
	return uid, gid, err
}

// lookup finds the number of a name in passwd or group; both have it in their third field.
func lookup(table, name string) (int, error) {
	if number, err := strconv.Atoi(name); err == nil {
		return number, nil
	}
	text, err := os.ReadFile(table)
	if err != nil {
		return 0, err
	}
	for _, line := range strings.Split(string(text), "\n") {
		if fields := strings.Split(line, ":"); fields[0] == name && len(fields) > 2 {
			return strconv.Atoi(fields[2])
		}
	}
	return 0, fmt.Errorf("%s: no entry %q", table, name)
}

// writeHosts keeps /etc/hosts as manage_etc_hosts asks, and the lab's own names in it.
func (m *machine) writeHosts() error {
	const path = "/etc/hosts"
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	own := "127.0.1.1\t" + m.plan.FQDN + " " + m.plan.Hostname
	if m.plan.FQDN == m.plan.Hostname {
		own = "127.0.1.1\t" + m.plan.Hostname
	}
	hosts := string(text)
	switch m.plan.ManageHosts {
	case "always":
		hosts = own + "\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
	case "localhost":
		kept := []string{own}
		for _, line := range strings.Split(strings.TrimRight(hosts, "\n"), "\n") {
			if !strings.HasPrefix(line, "127.0.1.1") {
				kept = append(kept, line)
			}
		}
		hosts = strings.Join(kept, "\n") + "\n"
	}
	for _, extra := range m.plan.ExtraHosts {
		if line := extra.Address + "\t" + extra.Name + "\n"; !strings.Contains(hosts, line) {
			hosts += line
		}
	}
	return os.WriteFile(path, []byte(hosts), 0o644)
}

// placeHostKey writes the key of the user-data; cloud-init then generates no other.
func placeHostKey(first *firstBoot) error {
	if first.DeleteHostKeys {
		old, err := filepath.Glob("/etc/ssh/ssh_host_*key*")
		if err != nil {
			return err
		}
		for _, path := range old {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	if first.HostKey == nil {
		return nil
	}
	private := file{Path: "/etc/ssh/ssh_host_ed25519_key", Content: []byte(strings.TrimRight(first.HostKey.Private, "\n") + "\n"), Mode: "600", Owner: "root:root"}
	public := file{Path: "/etc/ssh/ssh_host_ed25519_key.pub", Content: []byte(strings.TrimRight(first.HostKey.Public, "\n") + "\n"), Mode: "644", Owner: "root:root"}
	if err := private.write(); err != nil {
		return err
	}
	return public.write()
}

// ensureHostKeys generates host keys on a machine that has none.
func (m *machine) ensureHostKeys(types []string) error {
	present, err := filepath.Glob("/etc/ssh/ssh_host_*_key")
	if err != nil || len(present) > 0 {
		return err
	}
	keygen, err := exec.LookPath("ssh-keygen")
	if err != nil {
		return err
	}
	for _, kind := range types {
		path := "/etc/ssh/ssh_host_" + kind + "_key"
		m.command("ssh_genkeytypes", keygen, "-q", "-t", kind, "-N", "", "-C", "root@"+m.plan.Hostname, "-f", path)
	}
	return nil
}
