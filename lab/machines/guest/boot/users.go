package boot

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// chmod takes all twelve bits as they are; os.Chmod would need the upper three in Go's own encoding.
func chmod(path string, mode uint32) error { return syscall.Chmod(path, mode) }

// table is one of the account files: lines of fields, by name.
type table struct {
	path  string
	lines [][]string
}

func openTable(path string) (*table, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	t := &table{path: path}
	for _, line := range strings.Split(strings.TrimRight(string(text), "\n"), "\n") {
		t.lines = append(t.lines, strings.Split(line, ":"))
	}
	return t, nil
}

func (t *table) find(name string) []string {
	for _, fields := range t.lines {
		if fields[0] == name {
			return fields
		}
	}
	return nil
}

func (t *table) numbers() []int {
	var taken []int
	for _, fields := range t.lines {
		if len(fields) > 2 {
			if number, err := strconv.Atoi(fields[2]); err == nil {
				taken = append(taken, number)
			}
		}
	}
	return taken
}

func (t *table) save() error {
	lines := make([]string, len(t.lines))
	for i, fields := range t.lines {
		lines[i] = strings.Join(fields, ":")
	}
	info, err := os.Stat(t.path)
	if err != nil {
		return err
	}
	if err := replaceFile(t.path, []byte(strings.Join(lines, "\n")+"\n")); err != nil {
		return err
	}
	return os.Chmod(t.path, info.Mode().Perm())
}

type accounts struct{ passwd, shadow, group, gshadow *table }

func openAccounts() (*accounts, error) {
	var a accounts
	for path, target := range map[string]**table{"/etc/passwd": &a.passwd, "/etc/shadow": &a.shadow, "/etc/group": &a.group, "/etc/gshadow": &a.gshadow} {
		opened, err := openTable(path)
		if err != nil {
			return nil, err
		}
		*target = opened
	}
	return &a, nil
}

func (a *accounts) save() error {
	return errors.Join(a.group.save(), a.gshadow.save(), a.passwd.save(), a.shadow.save())
}

// free finds an id that neither users nor groups have: from 1000 up, or from 999 down for system accounts.
func (a *accounts) free(system bool) int {
	taken := append(a.passwd.numbers(), a.group.numbers()...)
	next, step := 1000, 1
	if system {
		next, step = 999, -1
	}
	for slices.Contains(taken, next) {
		next += step
	}
	return next
}

func (a *accounts) ensureGroup(name string, id int) {
	if a.group.find(name) == nil {
		a.group.lines = append(a.group.lines, []string{name, "x", strconv.Itoa(id), ""})
		a.gshadow.lines = append(a.gshadow.lines, []string{name, "!", "", ""})
	}
}

func (a *accounts) join(group, user string) {
	a.ensureGroup(group, a.free(false))
	fields := a.group.find(group)
	if members := strings.Split(fields[3], ","); !slices.Contains(members, user) {
		fields[3] = strings.Trim(fields[3]+","+user, ",")
	}
}

// applyUser makes the account unless it exists, and gives it its password and keys.
func applyUser(u user) error {
	a, err := openAccounts()
	if err != nil {
		return err
	}
	isNew := a.passwd.find(u.Name) == nil
	if isNew {
		id := u.UID
		if id == 0 {
			id = a.free(u.System)
		}
		a.ensureGroup(u.PrimaryGroup, id)
		group := a.group.find(u.PrimaryGroup)[2]
		a.passwd.lines = append(a.passwd.lines, []string{u.Name, "x", strconv.Itoa(id), group, u.Gecos, u.Home, u.Shell})
		a.shadow.lines = append(a.shadow.lines, []string{u.Name, u.Password, "20000", "0", "99999", "7", "", "", ""})
	} else if entry := a.shadow.find(u.Name); entry != nil && u.Password != "*" {
		entry[1] = u.Password
	}
	for _, group := range u.Groups {
		a.join(group, u.Name)
	}
	if err := a.save(); err != nil {
		return err
	}
	entry := a.passwd.find(u.Name)
	if isNew && u.CreateHome {
		if err := makeHome(entry); err != nil {
			return err
		}
	}
	return errors.Join(writeSudo(u), writeKeys(entry, u.AuthorizedKeys))
}

func ids(entry []string) (uid, gid int, err error) {
	uid, uidErr := strconv.Atoi(entry[2])
	gid, gidErr := strconv.Atoi(entry[3])
	return uid, gid, errors.Join(uidErr, gidErr)
}

func makeHome(entry []string) error {
	uid, gid, err := ids(entry)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(entry[5], 0o755); err != nil {
		return err
	}
	return errors.Join(os.Chmod(entry[5], 0o700), os.Chown(entry[5], uid, gid))
}

func writeSudo(u user) error {
	var lines []string
	for _, rule := range u.Sudo {
		lines = append(lines, u.Name+" "+rule+"\n")
	}
	if len(lines) == 0 {
		return nil
	}
	return appendFile("/etc/sudoers.d/90-cloud-init-users", []byte(strings.Join(lines, "")), 0o440)
}

// writeKeys adds the lines that the user's authorized_keys does not have.
func writeKeys(entry []string, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	uid, gid, err := ids(entry)
	if err != nil {
		return err
	}
	directory := filepath.Join(entry[5], ".ssh")
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return fmt.Errorf("ssh_authorized_keys: %w", err)
	}
	path := filepath.Join(directory, "authorized_keys")
	present, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	lines := strings.Split(strings.TrimRight(string(present), "\n"), "\n")
	for _, key := range keys {
		if key = strings.TrimSpace(key); !slices.Contains(lines, key) {
			lines = append(lines, key)
		}
	}
	text := strings.TrimLeft(strings.Join(lines, "\n"), "\n") + "\n"
	if err := replaceFile(path, []byte(text)); err != nil {
		return err
	}
	return errors.Join(os.Chown(directory, uid, gid), os.Chown(path, uid, gid), os.Chmod(path, 0o600))
}
