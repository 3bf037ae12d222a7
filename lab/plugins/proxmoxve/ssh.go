package proxmoxve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"
)

// sshTimeout bounds dialling and handshake.
const sshTimeout = 30 * time.Second

// sshSettings are the provider's `ssh` argument.
type sshSettings struct {
	Agent       bool   `json:"agent"`
	AgentSocket string `json:"agentSocket"`
	Username    string `json:"username"`
	Password    string `json:"password"`
	PrivateKey  string `json:"privateKey"`
	// Nodes name addresses for nodes whose own network settings would mislead.
	Nodes []struct {
		Name    string `json:"name"`
		Address string `json:"address"`
		Port    int    `json:"port"`
	} `json:"nodes"`
}

// sshAddress is where a node's sshd listens: as configured, else at the first interface with a gateway.
func (a *api) sshAddress(ctx context.Context, node string) (string, error) {
	for _, known := range a.ssh.Nodes {
		if known.Name == node {
			port := known.Port
			if port == 0 {
				port = 22
			}
			return net.JoinHostPort(known.Address, strconv.Itoa(port)), nil
		}
	}
	var interfaces []struct {
		Address string `json:"address"`
		Gateway string `json:"gateway"`
	}
	if err := a.get(ctx, "nodes/"+node+"/network", nil, &interfaces); err != nil {
		return "", fmt.Errorf("failed to find node endpoint: %w", err)
	}
	for _, one := range interfaces {
		if one.Address != "" && one.Gateway != "" {
			return net.JoinHostPort(one.Address, "22"), nil
		}
	}
	return "", fmt.Errorf("failed to find node endpoint: node %q has no interface with a gateway; "+
		"name its address in the provider's ssh.nodes", node)
}

// sshClient logs in to a node. Unknown host keys are added to ~/.ssh/known_hosts; changed ones refused.
func (a *api) sshClient(ctx context.Context, node string) (*ssh.Client, error) {
	address, err := a.sshAddress(ctx, node)
	if err != nil {
		return nil, err
	}
	check, err := hostKeyCheck()
	if err != nil {
		return nil, err
	}
	methods, err := a.authMethods()
	if err != nil {
		return nil, err
	}
	conn, err := (&net.Dialer{Timeout: sshTimeout}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("failed to dial %s: %w", address, err)
	}
	if err := conn.SetDeadline(time.Now().Add(sshTimeout)); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	inner, channels, requests, err := ssh.NewClientConn(conn, address, &ssh.ClientConfig{
		User: a.ssh.Username, Auth: methods, HostKeyCallback: check,
	})
	if err != nil {
		// The handshake's error says it all.
		_ = conn.Close()
		return nil, fmt.Errorf("unable to authenticate user %q over SSH to %q. Please verify that "+
			"ssh-agent is correctly loaded with an authorized key via 'ssh-add -L' (NOTE: configurations "+
			"in ~/.ssh/config are not considered by the provider): %w", a.ssh.Username, address, err)
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return nil, errors.Join(err, inner.Close())
	}
	return ssh.NewClient(inner, channels, requests), nil
}

func (a *api) authMethods() ([]ssh.AuthMethod, error) {
	var methods []ssh.AuthMethod
	if a.ssh.Agent {
		conn, err := net.Dial("unix", a.ssh.AgentSocket)
		if err != nil {
			return nil, fmt.Errorf("failed connecting to SSH auth socket '%s': %w", a.ssh.AgentSocket, err)
		}
		methods = append(methods, ssh.PublicKeysCallback(agent.NewClient(conn).Signers))
	}
	if a.ssh.PrivateKey != "" {
		signer, err := ssh.ParsePrivateKey([]byte(a.ssh.PrivateKey))
		if err != nil {
			return nil, fmt.Errorf("failed to parse private key: %w", err)
		}
		methods = append(methods, ssh.PublicKeys(signer))
	}
	return append(methods, ssh.Password(a.ssh.Password)), nil
}

func hostKeyCheck() (ssh.HostKeyCallback, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return nil, fmt.Errorf("failed to determine the home directory: %w", err)
	}
	path := filepath.Join(home, ".ssh", "known_hosts")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("failed to create %s: %w", filepath.Dir(path), err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("failed to create %s: %w", path, err)
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	known, err := knownhosts.New(path)
	if err != nil {
		return nil, fmt.Errorf("failed to read %s: %w", path, err)
	}
	return func(host string, remote net.Addr, key ssh.PublicKey) error {
		err := known(host, remote, key)
		var mismatch *knownhosts.KeyError
		switch {
		case !errors.As(err, &mismatch):
			return err
		case len(mismatch.Want) > 0:
			return fmt.Errorf("REMOTE HOST IDENTIFICATION HAS CHANGED for host %s! "+
				"This may indicate a MitM attack", host)
		}
		return remember(path, host, key)
	}, nil
}

func remember(path, host string, key ssh.PublicKey) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("adding %s to %s: %w", host, path, err)
	}
	_, err = fmt.Fprintln(file, knownhosts.Line([]string{knownhosts.Normalize(host)}, key))
	return errors.Join(err, file.Close())
}

// writeFile streams a file to a node through `tee`, then checks its size and sets its mode by SFTP.
// The folder is not made: that of a datastore's content type exists on a real host.
func (a *api) writeFile(ctx context.Context, node, path, mode string, content []byte) (err error) {
	client, err := a.sshClient(ctx, node)
	if err != nil {
		return err
	}
	defer func() {
		// Everything was checked; the goodbye cannot fail the upload.
		_ = client.Close()
	}()
	session, err := client.NewSession()
	if err != nil {
		return fmt.Errorf("failed to create SSH session: %w", err)
	}
	session.Stdin = strings.NewReader(string(content))
	session.Stdout = io.Discard
	var complaint strings.Builder
	session.Stderr = &complaint
	command := "/usr/bin/tee '" + strings.ReplaceAll(path, "'", `'"'"'`) + "'"
	if a.ssh.Username != "root" {
		command = "sudo " + command
	}
	if err := session.Run(command); err != nil {
		return fmt.Errorf("error transferring file: %w (output: %s)", err, complaint.String())
	}
	files, err := sftp.NewClient(client)
	if err != nil {
		return fmt.Errorf("failed to create SFTP client: %w", err)
	}
	defer func() { err = errors.Join(err, files.Close()) }()
	stat, err := files.Stat(path)
	if err != nil {
		return fmt.Errorf("failed to read remote file %s: %w", path, err)
	}
	if stat.Size() != int64(len(content)) {
		return fmt.Errorf("failed to upload file %s: uploaded %d bytes, expected %d bytes",
			path, stat.Size(), len(content))
	}
	if mode == "" {
		return nil
	}
	bits, err := strconv.ParseUint(mode, 8, 12)
	if err != nil {
		return fmt.Errorf("failed to parse file mode %q: %w", mode, err)
	}
	if err := files.Chmod(path, os.FileMode(bits)); err != nil {
		return fmt.Errorf("failed to change file mode of remote file %s: %w", path, err)
	}
	return nil
}
