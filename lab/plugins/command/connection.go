package command

import (
	"fmt"
	"os"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"golang.org/x/crypto/ssh"

	"homelab/lab/plugins/provider"
)

const (
	defaultPort           = 22
	defaultDialErrorLimit = 10
	unlimited             = -1
	defaultPerDialTimeout = 15
)

// connection is an SSH server and how to log in to it. Durations are in seconds.
type connection struct {
	Host               string  `json:"host"`
	Port               float64 `json:"port"`
	User               string  `json:"user"`
	Password           *string `json:"password"`
	PrivateKey         *string `json:"privateKey"`
	PrivateKeyPassword *string `json:"privateKeyPassword"`
	AgentSocketPath    *string `json:"agentSocketPath"`
	DialErrorLimit     int     `json:"dialErrorLimit"`
	PerDialTimeout     int     `json:"perDialTimeout"`
	HostKey            *string `json:"hostKey"`
}

// fields of a connection: what type each has.
var fields = map[resource.PropertyKey]func(resource.PropertyValue) bool{
	"host": resource.PropertyValue.IsString, "port": resource.PropertyValue.IsNumber,
	"user": resource.PropertyValue.IsString, "password": resource.PropertyValue.IsString,
	"privateKey":         resource.PropertyValue.IsString,
	"privateKeyPassword": resource.PropertyValue.IsString,
	"agentSocketPath":    resource.PropertyValue.IsString,
	"dialErrorLimit":     resource.PropertyValue.IsNumber,
	"perDialTimeout":     resource.PropertyValue.IsNumber,
	"hostKey":            resource.PropertyValue.IsString,
}

// checkConnection fills in defaults. A field that it does not know makes it print the whole connection,
// with its secrets, as the official plugin does. A proxy is known there and refused here.
func checkConnection(value resource.PropertyValue) (resource.PropertyValue, []provider.Failure) {
	switch {
	case value.IsComputed() || value.IsOutput():
		return value, nil
	case value.IsNull():
		return value, []provider.Failure{{Property: "connection", Reason: "missing required field"}}
	case !value.IsObject():
		return value, []provider.Failure{{Property: "connection",
			Reason: fmt.Sprintf("must be an object, got %s", value.TypeString())}}
	}
	given, refused := value.ObjectValue(), []provider.Failure(nil)
	for key, value := range given {
		isType, known := fields[key]
		switch {
		case key == "proxy":
			refused = append(refused, provider.Failure{Property: "connection.proxy", Reason: "the lab's command " +
				"plugin does not serve connections through a proxy; connect to the host itself"})
		case value.IsComputed() || value.IsOutput():
		case !known:
			refused = append(refused, provider.Failure{Property: "connection", Reason: fmt.Sprintf(
				"unknown field %q in %v", key, given.Mappable())})
		case !isType(value):
			refused = append(refused, provider.Failure{Property: "connection." + string(key),
				Reason: fmt.Sprintf("wrong type %s", value.TypeString())})
		}
	}
	if !given.HasValue("host") {
		refused = append(refused,
			provider.Failure{Property: "connection.host", Reason: "missing required field"})
	}
	checked := provider.Copy(given)
	for key, value := range map[resource.PropertyKey]resource.PropertyValue{
		"user": resource.NewProperty("root"), "port": resource.NewProperty(float64(defaultPort)),
		"dialErrorLimit": resource.NewProperty(float64(defaultDialErrorLimit)),
		"perDialTimeout": resource.NewProperty(float64(defaultPerDialTimeout)),
	} {
		if !checked.HasValue(key) {
			checked[key] = value
		}
	}
	return resource.NewProperty(checked), refused
}

// config prepares a login. Without a host key the server is not verified at all.
func (c *connection) config() (*ssh.ClientConfig, error) {
	config := &ssh.ClientConfig{
		User: c.User,
		//nolint:gosec // the official plugin's behaviour: no host key, no check
		HostKeyCallback: ssh.InsecureIgnoreHostKey(),
		// Covers the TCP connection only: a host that accepts and stays silent is waited for forever.
		Timeout: time.Duration(c.PerDialTimeout) * time.Second,
	}
	if c.HostKey != nil {
		key, err := parseHostKey(*c.HostKey)
		if err != nil {
			return nil, fmt.Errorf("failed to parse host key: %w", err)
		}
		config.HostKeyCallback = ssh.FixedHostKey(key)
		config.HostKeyAlgorithms = []string{key.Type()}
	}
	if c.PrivateKey != nil {
		signer, err := c.signer()
		if err != nil {
			return nil, err
		}
		config.Auth = append(config.Auth, ssh.PublicKeys(signer))
	}
	if c.Password != nil {
		config.Auth = append(config.Auth, ssh.Password(*c.Password))
		config.Auth = append(config.Auth, ssh.KeyboardInteractive(
			func(_, _ string, questions []string, _ []bool) ([]string, error) {
				answers := make([]string, len(questions))
				for i := range questions {
					answers[i] = *c.Password
				}
				return answers, nil
			}))
	}
	socket := os.Getenv("SSH_AUTH_SOCK")
	if c.AgentSocketPath != nil {
		socket = *c.AgentSocketPath
	}
	if socket != "" {
		method, err := agentMethod(socket)
		if err != nil {
			return nil, err
		}
		config.Auth = append(config.Auth, method)
	}
	return config, nil
}

// parseHostKey reads the line of a .pub file; a known_hosts line, with the host first, works too.
func parseHostKey(line string) (ssh.PublicKey, error) {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
	return key, err
}

func (c *connection) signer() (ssh.Signer, error) {
	if c.PrivateKeyPassword != nil {
		return ssh.ParsePrivateKeyWithPassphrase([]byte(*c.PrivateKey), []byte(*c.PrivateKeyPassword))
	}
	return ssh.ParsePrivateKey([]byte(*c.PrivateKey))
}
